"""Read: new entries of a destination's stream, and entries that are due for a retry."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.queue.entry import Entry, decode, unreadable_entry
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.scripts import script
from gateway.queue.submitted import SUBMITTED, seconds_to_poll, submitted_of

MAX_PENDING = 1000
"""Maximum number of pending entries that Redis lists at once."""

MAX_LOOKED_AT = 20_000
"""Maximum number of pending entries that are looked at in one go."""

LOOK_AGAIN_SECONDS = 10.0
"""When to look again if there are more pending entries: one of the others may be due by then."""

log = logging.getLogger(__name__)

Place = tuple[bytes, str]
"""The place of a pending entry: its consumer, and the start of a range of ids."""

BEGINNING: Place = b"", "-"

Wait = Callable[[int, bytes], float]
"""Returns the seconds that an entry waits, from its number of deliveries and its id."""


async def ensure_group(redis: Redis, keys: DestinationKeys) -> None:
    """Makes the stream and the consumer group of a destination unless they exist, even when memory
    is full."""
    make = redis.register_script(script("make_group"))
    await make([keys.stream], [GROUP])


async def seconds_to_work(
    redis: Redis, keys: DestinationKeys, wait: Wait, others: Collection[bytes]
) -> float | None:
    """Seconds until a drain should work on a destination: 0 if it has new or due entries, or if the
    vendor has to be asked for a verdict; None if it has no entries. If there are more than
    `MAX_LOOKED_AT` pending entries, at most `LOOK_AGAIN_SECONDS`. others: consumers at work, whose
    entries are left out."""
    held = await redis.xpending(keys.stream, GROUP)
    if await redis.xlen(keys.stream) > held["pending"]:
        return 0.0
    soonest = await seconds_to_poll(redis, keys)
    looked_at = 0
    async for _, rows in _pending(redis, keys.stream, others):
        if looked_at >= MAX_LOOKED_AT:
            return _sooner(LOOK_AGAIN_SECONDS, soonest)
        looked_at += len(rows)
        for row in rows:
            if soonest == 0:
                return soonest
            soonest = _sooner(max(0.0, _seconds_left(row, wait)), soonest)
    return soonest


async def count_waiting(redis: Redis, keys: DestinationKeys) -> int:
    """How many events in a destination's stream the vendor does not have yet."""
    submitted = await redis.hget(keys.counts, "submitted")
    return int(await redis.xlen(keys.stream)) - int(submitted or 0)


class NewEntries(NamedTuple):
    """New entries. paused: whether the destination was paused when they were read."""

    entries: list[Entry]
    paused: bool


class Reader:
    """Reads one destination's stream as one consumer of its group."""

    def __init__(self, redis: Redis, keys: DestinationKeys, consumer: str) -> None:
        self._redis = redis
        self._consumer = consumer
        self._keys = keys
        self._stream = keys.stream
        self._pause = keys.pause
        self._place = BEGINNING
        self._claim = redis.register_script(script("claim"))
        self._hand_back = redis.register_script(script("hand_back"))

    async def new(self, count: int, block_ms: int | None) -> NewEntries:
        """Up to `count` entries that no consumer has read, waiting up to `block_ms` for one."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xreadgroup(GROUP, self._consumer, {self._stream: ">"}, count=count, block=block_ms)
        pipeline.exists(self._pause)
        read, paused = await pipeline.execute()
        return NewEntries(_entries(read[0][1], 1) if read else [], bool(paused))

    async def due(
        self, wait: Wait, others: Collection[bytes], count: int, held: Collection[bytes] = ()
    ) -> list[Entry]:
        """Claims for this consumer up to `count` pending entries whose wait is over.

        others: consumers at work, whose entries are left alone. held: ids of the entries that this
        consumer is working on. Looks at about `MAX_LOOKED_AT` entries; the next call continues
        after them.
        """
        found: list[bytes | int] = []
        looked_at, (begin, self._place) = 0, (self._place, BEGINNING)
        async for place, rows in _pending(self._redis, self._stream, others, begin):
            if looked_at >= MAX_LOOKED_AT or len(found) >= 3 * count:
                self._place = place
                break
            looked_at += len(rows)
            for row in rows:
                if len(found) >= 3 * count:
                    break
                if row["message_id"] not in held and _seconds_left(row, wait) <= 0:
                    found += [row["message_id"], row["consumer"], row["times_delivered"]]
        return await self._claimed(found)

    async def take(self, ids: Collection[bytes], others: Collection[bytes]) -> list[Entry]:
        """Claims for this consumer those of the entries `ids` that are pending, even if their wait
        is not over. others: consumers at work, whose entries are left alone."""
        found: list[bytes | int] = []
        for entry_id in ids:
            rows: Any = await self._redis.xpending_range(self._stream, GROUP, entry_id, entry_id, 1)
            for row in rows:
                if row["consumer"] not in {*others, SUBMITTED}:
                    found += [entry_id, row["consumer"], row["times_delivered"]]
        return await self._claimed(found)

    async def _claimed(self, found: Sequence[bytes | int]) -> list[Entry]:
        """Claims entries, unless they have changed meanwhile. found: for each entry its id, and the
        consumer and the number of deliveries that it had when it was found."""
        if not found:
            return []
        claimed: Any = await self._claim([self._stream], [GROUP, self._consumer, *found])
        return _decoded(claimed)

    async def submitted(self, ids: Sequence[bytes]) -> list[Entry]:
        """The entries among `ids` that wait for the vendor's verdict."""
        return _decoded(await submitted_of(self._redis, self._keys, ids))

    async def hand_back(self, entries: Sequence[Entry]) -> None:
        """Leaves `entries` pending as if this delivery had not happened, so that it does not count
        as an attempt. Entries that another consumer has claimed meanwhile are left alone."""
        if entries:
            pairs = [value for entry in entries for value in (entry.id, entry.deliveries - 1)]
            await self._hand_back([self._stream], [GROUP, self._consumer, *pairs])


async def _pending(
    redis: Redis, stream: str, others: Collection[bytes], begin: Place = BEGINNING
) -> AsyncIterator[tuple[Place, list[dict[str, Any]]]]:
    """Pages of up to `MAX_PENDING` entries that were read and have not ended, each with the place
    of its first entry: consumer by consumer, oldest first, from `begin` on. Leaves out the entries
    of the consumers `others` and entries that wait for the vendor's verdict."""
    summary: Any = await redis.xpending(stream, GROUP)
    for name in sorted(each["name"] for each in summary["consumers"]):
        if name < begin[0] or name in others or name == SUBMITTED:
            continue
        first = begin[1] if name == begin[0] else "-"
        while True:
            rows: list[dict[str, Any]] = await redis.xpending_range(
                stream, GROUP, first, "+", MAX_PENDING, name
            )
            yield (name, first), rows
            if len(rows) < MAX_PENDING:
                break
            first = "(" + rows[-1]["message_id"].decode()


def _sooner(seconds: float, soonest: float | None) -> float:
    return seconds if soonest is None else min(seconds, soonest)


def _seconds_left(row: dict[str, Any], wait: Wait) -> float:
    left: float = (
        wait(row["times_delivered"], row["message_id"]) - row["time_since_delivered"] / 1000
    )
    return left


def _decoded(found: Iterable[tuple[bytes, int, list[bytes]]]) -> list[Entry]:
    """Decodes entries as scripts return them. found: for each its id, its number of deliveries, and
    names and values of its fields in turn."""
    return [
        entry
        for entry_id, deliveries, fields in found
        for entry in _entries([(entry_id, dict(zip(*[iter(fields)] * 2, strict=True)))], deliveries)
    ]


def _entries(rows: list[tuple[bytes, dict[bytes, bytes]]], deliveries: int) -> list[Entry]:
    """Decodes `rows`. An entry that the gateway has not written has a reason in
    `Entry.unreadable`."""
    entries = []
    for entry_id, fields in rows:
        try:
            entries.append(decode(entry_id, deliveries, fields[b"e"]))
        except (KeyError, TypeError, ValueError):
            log.error("entry %s is not an event; storing it as a dead letter", entry_id.decode())
            entries.append(unreadable_entry(entry_id, deliveries, fields.get(b"e", b"")))
    return entries
