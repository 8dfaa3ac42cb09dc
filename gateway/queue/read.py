"""Read: new entries of a destination's stream, and those whose wait for a retry is over."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.queue.entry import Entry, decode, unreadable_entry
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.scripts import script
from gateway.queue.submitted import SUBMITTED, seconds_to_poll, submitted_of

MAX_PENDING = 1000
"""Pending entries that Redis tells of at once."""

MAX_LOOKED_AT = 20_000
"""Pending entries that are looked at in one go."""

LOOK_AGAIN_SECONDS = 10.0
"""When somebody should look if there are more of them: one of the others may be due by then."""

log = logging.getLogger(__name__)

Place = tuple[bytes, str]
"""Of a pending entry: its consumer, and the id as the begin of a range."""

BEGINNING: Place = b"", "-"

Wait = Callable[[int, bytes], float]
"""From the number of deliveries and the entry's id to the seconds that it waits."""


async def ensure_group(redis: Redis, keys: DestinationKeys) -> None:
    """Makes the stream and the consumer group of a destination unless they exist, also when memory
    is full."""
    make = redis.register_script(script("make_group"))
    await make([keys.stream], [GROUP])


async def seconds_to_work(
    redis: Redis, keys: DestinationKeys, wait: Wait, others: Collection[bytes]
) -> float | None:
    """Seconds until somebody should work on a destination: 0 when it has new or due entries, or
    the vendor's verdict is due; None when it has nothing at all. Of pending entries beyond
    `MAX_LOOKED_AT` it is not known when they are due: then it is at most `LOOK_AGAIN_SECONDS`.
    others: consumers that are at work; what they hold is theirs."""
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
    """How many events in a destination's stream the vendor has not got."""
    submitted = await redis.hget(keys.counts, "submitted")
    return int(await redis.xlen(keys.stream)) - int(submitted or 0)


class NewEntries(NamedTuple):
    """What was read. paused: whether the destination was paused by then."""

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
        """Up to `count` entries that no consumer has had, waiting up to `block_ms` for one."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xreadgroup(GROUP, self._consumer, {self._stream: ">"}, count=count, block=block_ms)
        pipeline.exists(self._pause)
        read, paused = await pipeline.execute()
        return NewEntries(_entries(read[0][1], 1) if read else [], bool(paused))

    async def due(
        self, wait: Wait, others: Collection[bytes], count: int, held: Collection[bytes] = ()
    ) -> list[Entry]:
        """Up to `count` pending entries whose wait is over, claimed for this consumer.

        others: consumers that are at work; what they hold is theirs. held: ids of the entries
        that this consumer is at work on. Looks at `MAX_LOOKED_AT` entries, the next time at those
        that follow.
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
        """Those of the entries `ids` that are pending, however long they were to wait, claimed for
        this consumer. others: consumers that are at work; what they hold is theirs."""
        found: list[bytes | int] = []
        for entry_id in ids:
            rows: Any = await self._redis.xpending_range(self._stream, GROUP, entry_id, entry_id, 1)
            for row in rows:
                if row["consumer"] not in {*others, SUBMITTED}:
                    found += [entry_id, row["consumer"], row["times_delivered"]]
        return await self._claimed(found)

    async def _claimed(self, found: Sequence[bytes | int]) -> list[Entry]:
        """found: for each entry its id, and the consumer and the number of deliveries with which it
        was found."""
        if not found:
            return []
        claimed: Any = await self._claim([self._stream], [GROUP, self._consumer, *found])
        return _decoded(claimed)

    async def submitted(self, ids: Sequence[bytes]) -> list[Entry]:
        """Those of the entries `ids` that wait for the vendor's verdict."""
        return _decoded(await submitted_of(self._redis, self._keys, ids))

    async def hand_back(self, entries: Sequence[Entry]) -> None:
        """Leaves `entries` pending as if this delivery had not been: no attempt is spent. What
        another consumer has taken over meanwhile is its own."""
        if entries:
            pairs = [value for entry in entries for value in (entry.id, entry.deliveries - 1)]
            await self._hand_back([self._stream], [GROUP, self._consumer, *pairs])


async def _pending(
    redis: Redis, stream: str, others: Collection[bytes], begin: Place = BEGINNING
) -> AsyncIterator[tuple[Place, list[dict[str, Any]]]]:
    """The entries that were read and have not ended, without those of the consumers `others` and
    those that wait for the vendor's verdict: `MAX_PENDING` at a time, with the place of the first
    of them. By the consumer, and of each the oldest first, from `begin` on."""
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
    """found: of each entry its id, its number of deliveries, and names and values of its fields in
    turn, as scripts return them."""
    return [
        entry
        for entry_id, deliveries, fields in found
        for entry in _entries([(entry_id, dict(zip(*[iter(fields)] * 2, strict=True)))], deliveries)
    ]


def _entries(rows: list[tuple[bytes, dict[bytes, bytes]]], deliveries: int) -> list[Entry]:
    """`rows` decoded. What is no event of ours, which only a foreign hand can have put there, says
    so in `Entry.unreadable`."""
    entries = []
    for entry_id, fields in rows:
        try:
            entries.append(decode(entry_id, deliveries, fields[b"e"]))
        except (KeyError, TypeError, ValueError):
            log.error("entry %s is not an event; storing it as a dead letter", entry_id.decode())
            entries.append(unreadable_entry(entry_id, deliveries, fields.get(b"e", b"")))
    return entries
