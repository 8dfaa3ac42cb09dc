"""The writer: stores the feed in the ledger, and takes off what is stored.

    read     records of the feed, as many at once as have come
    make     rows of them, by the day on which their events came in (`rows`)
    write    one transaction for each day, with the id of the last record
    take off what all days have stored

It may be killed at any point: a day that has stored a record leaves it out when it comes again.
What cannot be read is logged and left out. While the disk is full or damaged the feed waits, within
its bound in Redis, and nothing else does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Sequence

import orjson
from sqlalchemy.exc import DBAPIError

from gateway.configuration.ledger import LedgerSettings
from gateway.ledger.balance import baseline_of
from gateway.ledger.day_file import DayFile, id_key
from gateway.ledger.errors import LedgerError
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.kept_file import KeptFile
from gateway.ledger.reading import LedgerReader
from gateway.ledger.rows import DayRows, RowMaker, Traits, consent_in_words
from gateway.queue.feed import Feed, FeedRecord
from gateway.queue.receipts import day_of
from gateway.queue.snapshot import read_snapshot
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

BLOCK_MS = 1000
GATHER_SECONDS = 0.2
"""How long records are gathered: a commit costs as much for one as for many."""

REST_SECONDS = 1.0
"""After a failure."""

CLEAN_SECONDS = 60.0
MIN_FREE = 500_000_000
"""Bytes of the disk that the ledger leaves free."""

MAX_OPEN = 9
"""Files of days that are open at once."""

KNOWN_TRAITS = 20_000


class LedgerWriter:
    """Writes to `folder` what `feed` brings. One at a time may: see `LedgerFolder.locked`."""

    def __init__(self, folder: LedgerFolder, settings: LedgerSettings, feed: Feed) -> None:
        self._folder = folder
        self._settings = settings
        self._feed = feed
        self._days: OrderedDict[str, DayFile] = OrderedDict()
        self._kept: KeptFile | None = None
        self._traits: OrderedDict[str, Traits] = OrderedDict()
        self._name = ""
        self._complaint = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        cleaned = 0.0
        while True:
            try:
                if time.monotonic() - cleaned >= CLEAN_SECONDS:
                    await asyncio.to_thread(self.clean, time.time())
                    cleaned = time.monotonic()
                if await self.step(BLOCK_MS):
                    await asyncio.sleep(GATHER_SECONDS)
                self._complaint = ""
            except (RedisError, sqlite3.Error, DBAPIError, OSError, LedgerError) as error:
                self._complain(error)
                self.close()
                await asyncio.sleep(REST_SECONDS)

    async def step(self, block_ms: int | None = None) -> int:
        """Stores what the feed has now, and returns how many records that were."""
        if not self._name:
            await self._begin()
        records = await self._feed.read("0-0", block_ms)
        if records:
            await asyncio.to_thread(self.store, records)
            await self._feed.take_off(records)
        return len(records)

    async def _begin(self) -> None:
        """Learns the name of the feed. On one that is new, it keeps what Redis has counted so far:
        the ledger cannot know that."""
        name = await self._feed.name(secrets.token_hex(8))
        kept = self._open_kept()
        if not kept.has_baseline(name):
            snapshot = await read_snapshot(self._feed.redis, self._feed.keys)
            totals = await asyncio.to_thread(LedgerReader(self._folder).totals, name)
            kept.keep_baseline(name, baseline_of(snapshot, totals))
        self._name = name

    def store(self, records: Sequence[FeedRecord]) -> None:
        """Stores `records`, all of those that a day does not have yet."""
        kept = self._open_kept()
        stored: dict[str, tuple[int, int]] = {}

        def has(day: str, record_id: str) -> bool:
            if day not in stored:
                stored[day] = id_key(self._last_id(day, kept))
            return id_key(record_id) <= stored[day]

        maker = RowMaker(self._settings.payload, self._traits_of, has)
        for record in records:
            try:
                maker.add(record)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                kind = type(error).__name__
                log.error("record %s of the ledger's feed cannot be read: %s", record.id, kind)
        late = DayRows()
        for day, rows in maker.days.items():
            if kept.is_over(day):
                late.hours.update(rows.hours)
            else:
                self._open(day).write(rows, self._name, records[-1].id)
        if late.hours:
            kept.add_late(late, self._name, records[-1].id)
        self._remember(maker.traits)

    def clean(self, now: float) -> None:
        """Removes the days that are over, or that make room; their counts are kept by the hour."""
        kept = self._open_kept()
        for day in self._folder.days():
            if kept.is_over(day) or day < _day_before(now, self._settings.keep_days):
                self._remove(day, kept)
        kept.forget(now, self._settings.counts_keep_days)
        while len(days := self._folder.days()) > 1 and self._is_too_large(days):
            why = (
                "its disk is nearly full" if self._disk_is_full() else "ledger.max_bytes is reached"
            )
            log.warning("the ledger of %s is removed before its time: %s", days[0], why)
            self._remove(days[0], kept)

    def close(self) -> None:
        """Closes all files; they are opened again when they are needed."""
        while self._days:
            self._days.popitem()[1].close()
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._traits.clear()
        self._name = ""

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        """Keeps the configuration that is in force. text: without secrets."""
        self._open_kept().keep_configuration(version, text, now)

    def _remove(self, day: str, kept: KeptFile) -> None:
        if not kept.is_over(day):
            kept.roll_up(day, self._folder.day(day))
        if day in self._days:
            self._days.pop(day).close()
        self._folder.remove(day)

    def _is_too_large(self, days: Sequence[str]) -> bool:
        return sum(map(self._folder.size, days)) > self._settings.max_bytes or self._disk_is_full()

    def _disk_is_full(self) -> bool:
        return shutil.disk_usage(self._folder.path).free < MIN_FREE

    def _last_id(self, day: str, kept: KeptFile) -> str:
        file = kept if kept.is_over(day) else self._open(day)
        return file.last_id(self._name)

    def _traits_of(self, receipt: str) -> Traits | None:
        if receipt in self._traits:
            return self._traits[receipt]
        day = day_of(receipt)
        if day not in self._days and not self._folder.day(day).exists():
            return None
        found = self._open(day).traits_of(receipt)
        if found is None:
            return None
        name, source, states, country, browser = found
        return Traits(name, source, consent_in_words(orjson.loads(states)), country, browser)

    def _remember(self, traits: dict[str, Traits]) -> None:
        self._traits.update(traits)
        while len(self._traits) > KNOWN_TRAITS:
            self._traits.popitem(last=False)

    def _open(self, day: str) -> DayFile:
        if day not in self._days:
            if len(self._days) >= MAX_OPEN:
                self._days.popitem(last=False)[1].close()
            self._days[day] = DayFile(self._folder.day(day))
        self._days.move_to_end(day)
        return self._days[day]

    def _open_kept(self) -> KeptFile:
        if self._kept is None:
            self._kept = KeptFile(self._folder.counts)
        return self._kept

    def _complain(self, error: Exception) -> None:
        """Once for each kind of trouble in a row."""
        complaint = f"{type(error).__name__}: {error}"
        if complaint != self._complaint:
            log.error("the ledger cannot be written, its records wait in Redis: %s", complaint)
        self._complaint = complaint


def _day_before(now: float, days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now - 86_400 * days))
