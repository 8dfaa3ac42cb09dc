"""Events stored in a stream for a person to look at: found by filter, page by page."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Self, TypeVar

import orjson
from redis.asyncio import Redis

from gateway.event import Event

log = logging.getLogger(__name__)

PAGE = 500
_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_LAST_IN_MILLISECOND = 2**64 - 1
_NO_BOUND = 2**53 - 1


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A stored event.

    id: of its entry, such as ``1795219200000-0``; it begins with the Unix millisecond at which the
    event was stored. reason: why it was stored. event, source, received_at (Unix seconds), version:
    as in `gateway.pipeline.decision.Decision`.
    """

    id: str
    reason: str
    event: Event
    source: str
    received_at: float
    version: str

    @classmethod
    def read(cls, entry_id: str, data: bytes) -> Self:
        """Reads the JSON object `data`, without fields that another version of the gateway added.
        Raises TypeError or ValueError for anything else."""
        read = orjson.loads(data)
        known = {each.name: read[each.name] for each in fields(cls)[1:] if each.name in read}
        return cls(entry_id, **known)

    @property
    def stored_at(self) -> float:
        """When the event was stored, in Unix seconds."""
        return _parts(self.id)[0] / 1000

    @property
    def happened_at(self) -> float:
        """When the event happened, or when it was received if a rule has removed its time."""
        timestamp = self.event.get("timestamp")
        return timestamp if isinstance(timestamp, int | float) else self.received_at

    @property
    def event_id(self) -> str:
        """The id of the event; empty if a rule has removed it."""
        return str(self.event.get("event_id", ""))

    @property
    def event_name(self) -> str:
        """The name of the event; empty if a rule has removed it."""
        return str(self.event.get("event_name", ""))


K = TypeVar("K", bound=StoredEvent)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects stored events. A field that is None matches all.

    reason: a part of it, in upper or lower case. since, until: Unix seconds between which the event
    was stored, both included. id: of its entry.
    """

    reason: str | None = None
    event_name: str | None = None
    event_id: str | None = None
    since: float | None = None
    until: float | None = None
    id: str | None = None

    def matches(self, stored: StoredEvent) -> bool:
        """Whether `stored` matches, except for the time: `EventStore.find` only reads that
        range."""
        return (
            (self.id is None or stored.id == self.id)
            and (self.event_id is None or stored.event_id == self.event_id)
            and (self.event_name is None or stored.event_name == self.event_name)
            and (self.reason is None or self.reason.casefold() in stored.reason.casefold())
        )


ALL = Filter()


@dataclass(frozen=True, slots=True)
class EventStore(Generic[K]):
    """A stream of stored events. key: of the stream. field: the field of an entry that has the
    event. kind: the class that reads it."""

    key: str
    field: bytes
    kind: type[K]

    async def newest_id(self, redis: Redis) -> str:
        """The id of the newest entry; ``0-0``, which no entry has, if there is none."""
        rows: Any = await redis.xrevrange(self.key, count=1)
        return rows[0][0].decode() if rows else "0-0"

    async def find(
        self, redis: Redis, wanted: Filter = ALL, through: str | None = None
    ) -> AsyncIterator[K]:
        """The stored events that match `wanted`, oldest first.

        through: the id of the last entry to look at; by default the newest at the start. So an
        event that is stored again during the search is not found a second time.
        """
        start, end = _bounds(wanted, through or await self.newest_id(redis))
        while True:
            rows: Any = await redis.xrange(self.key, start, end, PAGE)
            for entry_id, entry in rows:
                stored = self._read(entry_id.decode(), entry)
                if stored is not None and wanted.matches(stored):
                    yield stored
            if len(rows) < PAGE:
                return
            start = f"({rows[-1][0].decode()}"

    async def newest(self, redis: Redis, look_at: int, wanted: Filter = ALL) -> AsyncIterator[K]:
        """The events that match `wanted` among the newest `look_at` in its period, newest first."""
        start, end = _bounds(wanted, await self.newest_id(redis))
        while look_at > 0:
            page = min(PAGE, look_at)
            rows: Any = await redis.xrevrange(self.key, end, start, page)
            for entry_id, entry in rows:
                stored = self._read(entry_id.decode(), entry)
                if stored is not None and wanted.matches(stored):
                    yield stored
            if len(rows) < page:
                return
            look_at -= page
            end = f"({rows[-1][0].decode()}"

    async def count(self, redis: Redis) -> int:
        """How many entries there are."""
        count: int = await redis.xlen(self.key)
        return count

    async def get(self, redis: Redis, entry_id: str) -> K | None:
        """The event of the entry with this id, if it exists; any text may be given."""
        if not _ID.fullmatch(entry_id):
            return None
        rows: Any = await redis.xrange(self.key, entry_id, entry_id)
        return self._read(entry_id, rows[0][1]) if rows else None

    async def find_by_id(self, redis: Redis, text: str) -> list[K]:
        """The event of the entry with the id `text`; else all events with this `event_id`."""
        stored = await self.get(redis, text)
        by_event = self.find(redis, Filter(event_id=text))
        return [stored] if stored else [each async for each in by_event]

    def _read(self, entry_id: str, entry: dict[bytes, bytes]) -> K | None:
        """The event of an entry, None if the gateway has not written it. Such an entry stays."""
        try:
            return self.kind.read(entry_id, entry[self.field])
        except (KeyError, TypeError, ValueError):
            log.error("entry %s of %s is not a stored event", entry_id, self.key)
            return None


@dataclass(frozen=True, slots=True)
class StoreBounds:
    """Which events a store keeps; by default all.

    letters: maximum number. size: maximum number of bytes of all together. seconds: how long after
    they were stored.
    """

    letters: int = _NO_BOUND
    size: int = _NO_BOUND
    seconds: float = _NO_BOUND / 1000


UNBOUNDED = StoreBounds()


def pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """`items` in order, `PAGE` of them at a time."""
    for first in range(0, len(items), PAGE):
        yield items[first : first + PAGE]


def _bounds(wanted: Filter, through: str) -> tuple[str, str]:
    """The first and the last id that can match."""
    end = _parts(through)
    if wanted.id is not None and _ID.fullmatch(wanted.id):
        return wanted.id, min(wanted.id, through, key=_parts)
    if wanted.until is not None:
        end = min(end, (int(wanted.until * 1000), _LAST_IN_MILLISECOND))
    return str(int((wanted.since or 0.0) * 1000)), f"{end[0]}-{end[1]}"


def _parts(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
