"""A ledger for tests: events are appended and settled, and the ledger stores their records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text

from gateway.configuration.ledger import LedgerSettings
from gateway.event.endings import WITH_WARNINGS
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import day as day_tables
from gateway.ledger.writer import LedgerWriter
from gateway.pipeline.decision import Decision
from gateway.queue.append import NO_RETENTION, Appender, Retention
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.entry import Entry, encode_entry
from gateway.queue.fates import Fate
from gateway.queue.feed import Feed, Feeding, FeedRecord
from gateway.queue.feeds import Feeds
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser
from gateway.queue.read import Reader, ensure_group
from gateway.queue.replay import Replay, put_back
from gateway.queue.settle import Ending, Reporting, Settler
from tests.support.drains import nobody
from tests.support.keys import KEYS

MOST = 1_000_000


class Books:
    """A gateway without its processes, with a ledger at `place`."""

    def __init__(
        self,
        redis: Redis,
        place: LedgerFolder | LedgerDatabase,
        retention: Retention = NO_RETENTION,
        most: int = MOST,
        destinations: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        self.redis = redis
        self.place = place
        self.digests = EventDigests(place.key())
        feeding = Feeding(most, self.digests.of_decided)
        self.appender = Appender(redis, KEYS, PendingCounts(), nobody, retention, feeding)
        self.most = most
        self.settings = LedgerSettings(**settings)
        self.feed = Feed(redis, KEYS)
        self.feeds = Feeds(redis, KEYS, destinations)
        self.writer = self.new_writer()
        self.reader = LedgerReader(place)

    def new_writer(self) -> LedgerWriter:
        return LedgerWriter(self.place, self.settings, self.feeds)

    async def append(self, *decisions: Decision) -> None:
        await self.appender.append(list(decisions))

    async def read(self, destination: str) -> list[Entry]:
        """New entries of a destination, as a drain reads them."""
        of = KEYS.destination(destination)
        await ensure_group(self.redis, of)
        return (await Reader(self.redis, of, "drain").new(1000, None)).entries

    async def settle(
        self,
        destination: str,
        entries: Iterable[Entry],
        result: str,
        words: str = "",
        buries: bool = False,
    ) -> None:
        """Ends `entries`, as a drain does; with the result ``retry`` they stay pending. buries:
        whether they become dead letters."""
        entries = list(entries)
        reporting = Reporting(KEYS, self.most, destination, "version-1")
        of = KEYS.destination(destination)
        settler = Settler(self.redis, of, PendingCounts(), reporting=reporting)
        letters = [
            encode_dead_letter(entry, result, words, time.time(), None) if buries else b""
            for entry in entries
        ]
        endings = [
            Ending(
                *(entry.id, _in_redis(result), letter, True),
                *(entry.size, entry.received_at),
                again=entry.again,
            )
            for entry, letter in zip(entries, letters, strict=True)
        ]
        fates = [_fate(entry, result, words) for entry in entries]
        await settler.settle([] if result == "retry" else endings, fates)

    async def replay(self, destination: str, entries: Iterable[Entry]) -> int:
        """Puts entries that have ended into the stream again, each passage once."""
        replays = [
            Replay(_again(entry), entry.received_at, "", entry.receipt, entry.passage + 1)
            for entry in entries
        ]
        reporting = Reporting(KEYS, self.most, destination, "version-1")
        return await put_back(self.redis, KEYS.destination(destination), replays, reporting)

    async def release(self, decided: Mapping[str, Decision]) -> int:
        """Appends the decisions on events in quarantine. decided: by the ids of their entries."""
        return await Releaser(self.appender).release(decided)

    async def records(self) -> list[FeedRecord]:
        return await self.feed.read("0-0", None)

    async def store_and_die(self, destination: str = "") -> None:
        """Stores the records of a feed and leaves them in it. destination: that of the feed."""
        feed = Feed(self.redis, KEYS, destination)
        if records := await feed.read("0-0", None):
            self.writer.store(records, await feed.name("name"))
        self.writer.close()
        self.writer = self.new_writer()

    async def store(self) -> None:
        """Stores all records of the feeds."""
        while await self.writer.step():
            pass

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of `table`, of all days."""
        found: list[tuple[Any, ...]] = []
        reading = self.reader.reading
        names = ", ".join(day_tables.tables[table].columns.keys())
        for day in reading.days():
            with reading.open_day(day) as opened:
                if opened is not None:
                    rows = opened.execute(text(f"SELECT {names} FROM {table}"))
                    found += sorted(map(tuple, rows), key=repr)
        return found

    def days(self) -> list[str]:
        return self.reader.reading.days()

    def ended(self) -> list[tuple[str, str]]:
        """The destination and ending of every row."""
        return sorted((row[1], row[3]) for row in self.rows("endings"))

    def counts(self, destination: str) -> dict[str, int]:
        """What the ledger has counted for a destination."""
        counted = self.reader.counts(0, time.time() + 1e6, "")
        return {
            ending: number for (_, name, ending), number in counted.items() if name == destination
        }


def _again(entry: Entry) -> bytes:
    return encode_entry(
        *(entry.event, entry.source, entry.received_at, entry.version, entry.applied),
        *(entry.visitors, entry.trusted),
        receipt=entry.receipt,
        passage=entry.passage + 1,
    )


def _in_redis(result: str) -> str:
    """How Redis names an ending of the ledger."""
    return "warned" if result == WITH_WARNINGS else result


def _fate(entry: Entry, result: str, words: str) -> Fate:
    entry_id = "" if result == "retry" else entry.id.decode()
    status = {"delivered": 204, "rejected": 400, "retry": 503}.get(result)
    return Fate(
        *(entry_id, entry.receipt, entry.passage, result, time.time()),
        *(entry.deliveries, status, words),
    )


def names(entries: Sequence[Entry]) -> list[str]:
    return [entry.event["event_id"] for entry in entries]
