"""The quarantine: finds, releases and drops events that did not match their schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender
from gateway.queue.dead_letters import REMOVED
from gateway.queue.keys import Keys
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.scripts import script
from gateway.queue.settle import MAX_REMOVED
from gateway.queue.stored_events import EventStore, StoreBounds, pages

BOUNDS = StoreBounds(letters=100_000, size=100_000_000, seconds=30 * 86_400)
"""The default bounds of dead letters: strangers choose how many events do not match."""

_GONE = "GONE"
"""The first word of an error of `append.lua` that names entries that have already left."""


def quarantine_of(keys: Keys) -> EventStore[Quarantined]:
    """Where the events in quarantine are."""
    return EventStore(keys.quarantine, b"q", Quarantined)


class Releaser:
    """Appends decisions about events in quarantine, as intake does for new events. The events leave
    the quarantine in the same step, or on a cluster in the next one."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender

    async def release(self, decided: Mapping[str, Decision]) -> int:
        """Appends `decided`, deletes the entries, and wakes the destinations. Returns how many
        events were released.

        decided: by the id of the entry. An entry that somebody else has released or dropped is left
        out. Raises as `Appender.append` does.
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
    delete = redis.register_script(script("drop", "letters"))
    of = _of(keys)
    return sum([int(await delete(of, ["quarantine", *page])) for page in pages(ids)])


async def trim(redis: Redis, keys: Keys, bounds: StoreBounds = BOUNDS) -> int:
    """Removes events beyond `bounds`, in the order of dead letters: those that are too old, then
    the oldest of untrusted senders, then the oldest; `MAX_REMOVED` at most. Returns how many were
    removed. They stay counted as withheld. Raises a redis-py error."""
    trimmed = redis.register_script(script("trim_quarantine", "letters"))
    kept = [bounds.letters, bounds.size, int(1000 * bounds.seconds), MAX_REMOVED]
    return int(await trimmed(_of(keys), kept))


def removed_of(counts: Mapping[str, int]) -> dict[str, int]:
    """How many events were removed from quarantine for each reason in `REMOVED`, by the counts of
    the gateway."""
    return {reason: counts.get(f"quarantine_removed:{reason}", 0) for reason in REMOVED}


async def read_removed(redis: Redis, keys: Keys) -> dict[str, int]:
    """Reads how many events were removed from quarantine so far, for each reason in `REMOVED`.
    Raises a redis-py error."""
    fields = [f"quarantine_removed:{reason}" for reason in REMOVED]
    counts = await redis.hmget(keys.counts, fields)
    return {reason: int(count or 0) for reason, count in zip(REMOVED, counts, strict=True)}


def _of(keys: Keys) -> list[str]:
    """The keys of the quarantine, as the scripts take them."""
    return [keys.quarantine, keys.quarantine_untrusted, keys.counts]
