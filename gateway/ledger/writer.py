"""The writer: stores the records of the feeds in the ledger, and removes them from the feeds.

    read     the records of a feed, up to `READ` at once
    make     rows from them, by the day on which their events came in (`rows`)
    write    one transaction for each day, with the id of the last record
    take off the records once all days have stored them

It may be killed at any point: a day that has stored a record skips it when it is read again, even
after the day was removed. Records that cannot be read or stored are logged, counted and left out.
While the store is full, damaged or away, only the feeds wait, within their bounds in Redis. A feed
whose cluster node is away waits too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import orjson
from sqlalchemy.exc import DBAPIError

from gateway.configuration.ledger import LedgerSettings
from gateway.ledger.balance import baseline_of
from gateway.ledger.consent_words import consent_in_words
from gateway.ledger.day_rows import Traits
from gateway.ledger.errors import LedgerError, LedgerTaken, RefusedValue
from gateway.ledger.known_events import Known
from gateway.ledger.reading import LedgerReader
from gateway.ledger.retention import clean
from gateway.ledger.rows import RowMaker
from gateway.ledger.store import Writable
from gateway.queue.feed import READ, Feed, FeedRecord, id_key
from gateway.queue.feeds import Feeds
from gateway.queue.snapshot import Snapshot, read_snapshot
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

BLOCK_MS = 1000
GATHER_SECONDS = 1.0
"""How long records are gathered: a commit costs as much for one as for many."""

REST_SECONDS = 1.0
"""How long to wait after a failure."""

CLEAN_SECONDS = 60.0
KNOWN_EVENTS = 20_000

CANNOT_WRITE = (sqlite3.Error, DBAPIError, OSError, LedgerError)
"""Errors of the store, as opposed to errors of a record."""


class LedgerWriter:
    """Writes the records of `feeds` to the ledger at `place`. Only one process at a time writes;
    the others wait."""

    def __init__(self, place: Writable, settings: LedgerSettings, feeds: Feeds) -> None:
        self._place = place
        self._store = place.to_write(settings.successes)
        self._settings = settings
        self._feeds = feeds
        self._configuration: tuple[str, str, float] | None = None
        self._in_use = threading.RLock()  # a thread goes on after its task was cancelled
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._names: dict[str, str] = {}
        """The names of the feeds on which the ledger has begun, by destination."""
        self._said = ""

    async def run(self) -> None:
        """Stores records and cleans until it is cancelled."""
        cleaned = -CLEAN_SECONDS
        while True:
            try:
                if time.monotonic() - cleaned >= CLEAN_SECONDS:
                    await self._feeds.announce()
                    await asyncio.to_thread(self._open)
                    cleaned = time.monotonic()  # even if it fails: records are stored meanwhile
                    await self._step_and_clean()
                if await self.step(BLOCK_MS) < READ:
                    await asyncio.sleep(GATHER_SECONDS)
            except LedgerTaken as taken:
                self._say_once(logging.INFO, f"this process waits to write the ledger: {taken}")
                await asyncio.sleep(REST_SECONDS)
            except (RedisError, *CANNOT_WRITE) as error:
                self._say_once(*_in_words(error))
                self.close()
                await asyncio.sleep(REST_SECONDS)

    async def step(self, block_ms: int | None = None) -> int:
        """Stores the records that the feeds have now, and returns how many there were. block_ms:
        how long to wait for a record if there is only one feed. Raises `LedgerTaken` while another
        process writes, a redis-py error when no feed can be read, or one of `CANNOT_WRITE`."""
        await asyncio.to_thread(self._open)
        feeds = await self._feeds.all()
        block = block_ms if len(feeds) == 1 else None
        steps = (self._step_of(feed, block) for feed in feeds)
        stored = await asyncio.gather(*steps, return_exceptions=True)
        failed = [each for each in stored if isinstance(each, BaseException)]
        for error in failed:
            if len(failed) == len(feeds) or not isinstance(error, RedisError):
                raise error
        if failed:
            words = f"{len(failed)} of its {len(feeds)} feeds cannot be read"
            self._say_once(logging.ERROR, f"the ledger lacks what waits in Redis: {words}")
        else:
            self._said = ""
        return sum(each for each in stored if isinstance(each, int))

    async def _step_and_clean(self) -> None:
        """Stores records before it cleans, since records for a day that is removed would only be
        counted. Cleans even if they cannot be stored, perhaps for lack of room."""
        try:
            await self.step()
        except CANNOT_WRITE:
            self.close()
            await asyncio.to_thread(self.clean, time.time())
            raise
        await asyncio.to_thread(self.clean, time.time())

    async def _step_of(self, feed: Feed, block_ms: int | None) -> int:
        try:
            if feed.destination not in self._names:
                await self._begin(feed)
            records = await feed.read("0-0", block_ms)
            if records:
                name = self._names[feed.destination]
                if not await feed.has_name(name):  # Redis came back without its data, unnoticed
                    self._names.pop(feed.destination, None)
                    return 0
                left_out = await asyncio.to_thread(self._store_all, records, name)
                await feed.take_off(records, left_out)
        except RedisError:
            self._names.pop(feed.destination, None)  # it may come back without its data
            raise
        return len(records)

    async def _begin(self, feed: Feed) -> None:
        """Learns the name of `feed`. For a new feed it keeps what Redis has counted so far, which
        the ledger cannot know otherwise."""
        name = await feed.name(secrets.token_hex(8))
        if not await asyncio.to_thread(self._has_begun, name):
            snapshot = await read_snapshot(feed)
            await asyncio.to_thread(self._keep_baseline, name, snapshot)
        self._names[feed.destination] = name

    def _has_begun(self, feed: str) -> bool:
        with self._in_use:
            return self._store.has_baseline(feed)

    def _keep_baseline(self, feed: str, snapshot: Snapshot) -> None:
        with self._in_use:
            totals = LedgerReader(self._place).totals(feed)
            self._store.keep_baseline(feed, baseline_of(snapshot, totals))

    def _store_all(self, records: Sequence[FeedRecord], feed: str) -> int:
        """Stores `records` and returns how many were left out. A record that cannot be stored does
        not keep the others from being stored."""
        try:
            return self.store(records, feed)
        except CANNOT_WRITE:
            raise
        except Exception as error:
            if len(records) == 1:
                kind = error if isinstance(error, RefusedValue) else type(error).__name__
                log.error(
                    "record %s of the ledger's feed cannot be stored: %s", records[0].id, kind
                )
                return 1
            half = len(records) // 2
            return self._store_all(records[:half], feed) + self._store_all(records[half:], feed)

    def store(self, records: Sequence[FeedRecord], feed: str) -> int:
        """Stores those of `records` that their days do not have yet, and returns how many cannot be
        read. feed: its name."""
        with self._in_use:
            return self._store_records(records, feed)

    def clean(self, now: float) -> None:
        """Removes what has been kept long enough, or more to make room. now: Unix seconds."""
        with self._in_use:
            self._open()
            clean(self._store, self._settings, now)

    def close(self) -> None:
        """Closes the store, so that another process may write; it is opened again when needed."""
        with self._in_use:
            self._store.close()
            self._known.clear()
            self._names.clear()

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

    def _store_records(self, records: Sequence[FeedRecord], feed: str) -> int:
        self._open()
        unreadable = 0
        stored: dict[str, tuple[int, int]] = {}

        def has(day: str, record_id: str) -> bool:
            if day not in stored:
                stored[day] = id_key(self._store.last_id(day, feed))
            return id_key(record_id) <= stored[day]

        maker = RowMaker(self._settings.payload, self._traits_of, has, self._known)
        for record in records:
            try:
                maker.add(record)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                kind = type(error).__name__
                log.error("record %s of the ledger's feed cannot be read: %s", record.id, kind)
                unreadable += 1
        late = {day: rows for day, rows in maker.days.items() if self._store.is_over(day)}
        for day, rows in maker.days.items():
            if day not in late:
                self._store.write(day, rows, feed, records[-1].id)
        if late:
            self._store.add_late(late, feed, records[-1].id)
        while len(self._known) > KNOWN_EVENTS:
            self._known.popitem(last=False)
        return unreadable

    def _traits_of(self, receipt: str) -> Traits | None:
        found = self._store.traits_of(receipt)
        if found is None:
            return None
        name, source, states, country, browser = found
        return Traits(name, source, consent_in_words(orjson.loads(states)), country, browser)

    def _say_once(self, level: int, words: str) -> None:
        """Logs `words` unless they were the last to be logged and no step has succeeded since."""
        if words != self._said:
            log.log(level, "%s", words)
        self._said = words


def _in_words(error: Exception) -> tuple[int, str]:
    """The level and the text to log for an error that keeps the ledger from being written."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return logging.INFO, (
            "the ledger's records wait in Redis while another command works on its files, such as "
            "`gateway erase`"
        )
    return logging.ERROR, (
        f"the ledger cannot be written, its records wait in Redis: {type(error).__name__}: {error}"
    )
