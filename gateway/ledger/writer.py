"""The writer: stores the feed in the ledger, and takes off what is stored.

    read     records of the feed, as many at once as have come
    make     rows of them, by the day on which their events came in (`rows`)
    write    one transaction for each day, with the id of the last record
    take off what all days have stored

It may be killed at any point: a day that has stored a record leaves it out when it comes again.
What cannot be read is logged and left out. While the store is full, damaged or away the feed waits,
within its bound in Redis, and nothing else does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson
from sqlalchemy.exc import DBAPIError

from gateway.configuration.ledger import LedgerSettings, Successes
from gateway.ledger.balance import baseline_of
from gateway.ledger.errors import LedgerError, LedgerTaken
from gateway.ledger.reading import LedgerReader, Readable
from gateway.ledger.retention import Retained, clean
from gateway.ledger.rows import DayRows, RowMaker, Traits, consent_in_words
from gateway.ledger.totals import Ended
from gateway.queue.feed import READ, Feed, FeedRecord, id_key
from gateway.queue.snapshot import read_snapshot
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

BLOCK_MS = 1000
GATHER_SECONDS = 0.2
"""How long records are gathered: a commit costs as much for one as for many."""

REST_SECONDS = 1.0
"""After a failure."""

CLEAN_SECONDS = 60.0
KNOWN_TRAITS = 20_000

CANNOT_WRITE = (sqlite3.Error, DBAPIError, OSError, LedgerError)
"""What is wrong with the files, and not with a record."""


class Store(Retained, Protocol):
    """Where the ledger is written, day by day. A day is such as ``2026-11-30``.

    A day that is over has been removed: its counts and its failures are kept.
    All methods but `open` and `close` need it open. They raise `LedgerError`, sqlite3.Error or
    OSError; then it has to be closed, and may be opened again.
    """

    def open(self) -> None:
        """Takes the lock that one process holds, unless it is open. Raises `LedgerTaken` when
        another process has it."""

    def close(self) -> None: ...

    def last_id(self, day: str, feed: str) -> str:
        """The id of the last record of `feed` that is stored for `day`; ``0-0`` for none. Days that
        are over have one in common."""

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        """The name, source, consent states as JSON, country and browser of an event."""

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        """Stores `rows`, which end with the record `last_id` of `feed`, all or none."""

    def add_late(self, days: Mapping[str, DayRows], feed: str, last_id: str) -> None:
        """Counts what came for days that are over, all or none, and stores what became of their
        failures. Of all else there is no row any more."""

    def keep_configuration(self, version: str, text: str, now: float) -> None: ...

    def has_baseline(self, feed: str) -> bool: ...

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        """Keeps what Redis had counted when the ledger began on `feed`."""


class Writable(Readable, Protocol):
    """Where a ledger is."""

    def to_write(self, successes: Successes = "all") -> Store:
        """successes: which events are kept that succeeded; see `LedgerSettings`."""


class LedgerWriter:
    """Writes to the ledger at `place` what `feed` brings. One at a time does: others wait."""

    def __init__(self, place: Writable, settings: LedgerSettings, feed: Feed) -> None:
        self._place = place
        self._store = place.to_write(settings.successes)
        self._settings = settings
        self._feed = feed
        self._configuration: tuple[str, str, float] | None = None
        self._in_use = threading.RLock()  # a thread goes on after its task was cancelled
        self._traits: OrderedDict[str, Traits] = OrderedDict()
        self._name = ""
        self._said = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        cleaned = -CLEAN_SECONDS
        while True:
            try:
                if time.monotonic() - cleaned >= CLEAN_SECONDS:
                    await asyncio.to_thread(self._open)
                    cleaned = time.monotonic()  # one that fails does not keep records from coming
                    await asyncio.to_thread(self.clean, time.time())
                if 0 < await self.step(BLOCK_MS) < READ:
                    await asyncio.sleep(GATHER_SECONDS)
                self._said = ""
            except LedgerTaken as taken:
                self._say_once(logging.INFO, f"this process waits to write the ledger: {taken}")
                await asyncio.sleep(REST_SECONDS)
            except (RedisError, *CANNOT_WRITE) as error:
                self._say_once(*_in_words(error))
                self.close()
                await asyncio.sleep(REST_SECONDS)

    async def step(self, block_ms: int | None = None) -> int:
        """Stores what the feed has now, and returns how many records that were. Raises
        `LedgerTaken` while another process writes."""
        await asyncio.to_thread(self._open)
        if not self._name:
            await self._begin()
        records = await self._feed.read("0-0", block_ms)
        if records:
            await asyncio.to_thread(self._store_all, records)
            await self._feed.take_off(records)
        return len(records)

    async def _begin(self) -> None:
        """Learns the name of the feed. On one that is new, it keeps what Redis has counted so far:
        the ledger cannot know that."""
        name = await self._feed.name(secrets.token_hex(8))
        if not await asyncio.to_thread(self._store.has_baseline, name):
            snapshot = await read_snapshot(self._feed.redis, self._feed.keys)
            totals = await asyncio.to_thread(LedgerReader(self._place).totals, name)
            baseline = baseline_of(snapshot, totals)
            await asyncio.to_thread(self._store.keep_baseline, name, baseline)
        self._name = name

    def _store_all(self, records: Sequence[FeedRecord]) -> None:
        """Stores `records`; one that cannot be stored is left out, and its neighbours are not."""
        try:
            self.store(records)
        except CANNOT_WRITE:
            raise
        except Exception as error:
            if len(records) == 1:
                kind = type(error).__name__
                log.error(
                    "record %s of the ledger's feed cannot be stored: %s", records[0].id, kind
                )
                return
            for record in records:
                self._store_all([record])

    def store(self, records: Sequence[FeedRecord]) -> None:
        """Stores `records`, all of those that a day does not have yet."""
        with self._in_use:
            self._store_records(records)

    def clean(self, now: float) -> None:
        """Removes what is not kept any longer, or makes room. now: Unix seconds."""
        with self._in_use:
            self._open()
            clean(self._store, self._settings, now)

    def close(self) -> None:
        """Lets another process write; the store is opened again when it is needed."""
        with self._in_use:
            self._store.close()
            self._traits.clear()
            self._name = ""

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        """Keeps the configuration that is in force, once this process writes. text: without
        secrets."""
        self._configuration = version, text, now

    def _open(self) -> None:
        with self._in_use:
            self._store.open()
            if self._configuration is not None:
                self._store.keep_configuration(*self._configuration)
                self._configuration = None

    def _store_records(self, records: Sequence[FeedRecord]) -> None:
        self._open()
        stored: dict[str, tuple[int, int]] = {}

        def has(day: str, record_id: str) -> bool:
            if day not in stored:
                stored[day] = id_key(self._store.last_id(day, self._name))
            return id_key(record_id) <= stored[day]

        maker = RowMaker(self._settings.payload, self._traits_of, has)
        for record in records:
            try:
                maker.add(record)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                kind = type(error).__name__
                log.error("record %s of the ledger's feed cannot be read: %s", record.id, kind)
        late = {day: rows for day, rows in maker.days.items() if self._store.is_over(day)}
        for day, rows in maker.days.items():
            if day not in late:
                self._store.write(day, rows, self._name, records[-1].id)
        if late:
            self._store.add_late(late, self._name, records[-1].id)
        self._remember(maker.traits)

    def _traits_of(self, receipt: str) -> Traits | None:
        if receipt in self._traits:
            return self._traits[receipt]
        found = self._store.traits_of(receipt)
        if found is None:
            return None
        name, source, states, country, browser = found
        return Traits(name, source, consent_in_words(orjson.loads(states)), country, browser)

    def _remember(self, traits: dict[str, Traits]) -> None:
        self._traits.update(traits)
        while len(self._traits) > KNOWN_TRAITS:
            self._traits.popitem(last=False)

    def _say_once(self, level: int, words: str) -> None:
        """Once for each state in a row."""
        if words != self._said:
            log.log(level, "%s", words)
        self._said = words


def _in_words(error: Exception) -> tuple[int, str]:
    """What to log of an error that keeps the ledger from being written, with its level."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return logging.INFO, (
            "the ledger's records wait in Redis while another command works on its files, such as "
            "`gateway erase`"
        )
    return logging.ERROR, (
        f"the ledger cannot be written, its records wait in Redis: {type(error).__name__}: {error}"
    )
