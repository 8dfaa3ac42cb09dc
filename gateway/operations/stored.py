"""The stored events that an operation is about, and how they are presented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from redis.asyncio import Redis

from gateway.event import Event
from gateway.event.text import printable
from gateway.operations.stopped import Stopped
from gateway.queue.stored_events import EventStore, Filter, StoredEvent

K = TypeVar("K", bound=StoredEvent)


@dataclass(frozen=True, slots=True)
class Store(Generic[K]):
    """One place with stored events.

    drop: deletes the events with the given ids and returns how many there were. name: of the
    destination, if there is one. mask: hides the destination's secrets. notice: takes a number of
    these events and returns what to know about them.
    """

    events: EventStore[K]
    drop: Callable[[Redis, Sequence[str]], Coroutine[Any, Any, int]]
    name: str = ""
    mask: Callable[[str], str] = str
    notice: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """All details of one event. facts: by name."""

    title: str
    facts: Mapping[str, str]
    event: Event


@dataclass(frozen=True, slots=True)
class Presentation(Generic[K]):
    """How one sort of stored events is shown.

    noun: what one event is called. where: the words after the noun, if any. lacking: the start of
    the message that no event has an id. others: what another person may have done to the events.
    kind_columns, kind: what events that are counted together have in common. row_columns, row: the
    row of an event in the list of the newest, without the payload; the first column is the time,
    which `row` leaves out. sheet, data: the whole event, for people and as a JSON object.
    """

    noun: str
    where: str
    lacking: str
    others: str
    kind_columns: tuple[str, ...]
    kind: Callable[[Store[K], K], tuple[str, ...]]
    row_columns: tuple[str, ...]
    row: Callable[[Store[K], K], tuple[str, ...]]
    sheet: Callable[[Store[K], K], Sheet]
    data: Callable[[Store[K], K], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Selection(Generic[K]):
    """jobs_url: where RQ keeps its jobs. wanted: which events in `stores` are selected. note:
    writes to the log of operators' actions how many events were affected."""

    redis: Redis
    jobs_url: str
    stores: Sequence[Store[K]]
    wanted: Filter
    shown: Presentation[K]
    note: Callable[[int], None]

    def find(self, store: Store[K], through: str) -> AsyncIterator[K]:
        """The events in `store` up to the one with the id `through`, oldest first."""
        return store.events.find(self.redis, self.wanted, through)

    async def find_by_id(self, wanted_id: str) -> list[tuple[Store[K], K]]:
        """The events with this event id, or the one of the entry with this id. Raises `Stopped`
        when there is none."""
        found = [
            (store, stored)
            for store in self.stores
            for stored in await store.events.find_by_id(self.redis, wanted_id)
        ]
        if not found:
            raise Stopped(f"{self.shown.lacking} {printable(wanted_id)!r}")
        return found
