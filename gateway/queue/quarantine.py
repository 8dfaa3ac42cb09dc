"""The quarantine: finds, releases and drops events that did not match their schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender
from gateway.queue.keys import Keys
from gateway.queue.scripts import script
from gateway.queue.stored_events import EventStore, StoredEvent, pages

MAX_EVENTS = 100_000
MAX_DAYS = 30
"""As of dead letters, by default: strangers choose how many events do not match."""

_GONE = "GONE"
"""How an error of `append.lua` begins that names entries which are not there any more."""


@dataclass(frozen=True, slots=True)
class Quarantined(StoredEvent):
    """An event that is withheld everywhere because it did not fit its schema.

    event: as it was when that was found, before any rule. It is stored when it is appended.
    trusted: as in `gateway.pipeline.decision.Decision`; events of earlier versions do not say so,
    and count as those of other senders, so that the mark of a released one stops no trusted event.
    visitor, stated: as `encode_entry` writes the visitors and the types of an entry. receipt,
    passage: as in `Decision`.
    """

    trusted: bool = False
    visitor: str = ""
    stated: str = ""
    receipt: str = ""
    passage: int = 1


def quarantine_of(keys: Keys) -> EventStore[Quarantined]:
    """Where the events in quarantine are."""
    return EventStore(keys.quarantine, b"q", Quarantined)


class Releaser:
    """Appends what was decided about events in quarantine, as intake does with new ones; they
    leave the quarantine in the same step, or on a cluster in the one after it."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender

    async def release(self, decided: Mapping[str, Decision]) -> int:
        """Appends the decisions, by the ids of the entries that they are about, in one atomic step
        with the deletion of these, and wakes the destinations. Returns how many there were.

        An entry that somebody else has released or dropped is left out. Raises as
        `Appender.append` does.
        """
        left = dict(decided)
        while left:
            batch = self._appender.batch_of(list(left.values()))
            self._appender.refuse_if_full(batch)
            batch.released = list(left)
            try:
                await self._appender.write([batch])
                break
            except ResponseError as error:
                code, *gone = str(error).split()
                if code != _GONE:
                    raise
                left = {each: decision for each, decision in left.items() if each not in gone}
        await self._appender.wait_for_wake_ups()
        return len(left)


async def drop(redis: Redis, keys: Keys, ids: Sequence[str]) -> int:
    """Deletes the entries `ids`, and returns how many were there. Their events stay withheld."""
    return sum([await redis.xdel(keys.quarantine, *page) for page in pages(ids)])


async def trim(redis: Redis, keys: Keys) -> int:
    """Removes what is older than `MAX_DAYS`, then the oldest beyond `MAX_EVENTS`, and returns how
    many events that were. They stay counted as withheld. Raises a redis-py error."""
    trimmed = redis.register_script(script("trim_quarantine"))
    bounds = [MAX_EVENTS, 86_400_000 * MAX_DAYS]
    return int(await trimmed([keys.quarantine, keys.counts], bounds))
