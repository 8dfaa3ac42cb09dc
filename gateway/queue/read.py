"""Read: new entries of a destination's stream, and those whose wait for a retry is over."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.queue.entry import Entry, decode
from gateway.queue.keys import GROUP, DestinationKeys

MOST_PENDING = 10_000
"""Pending entries that are looked at in one go. A destination that fails is paused and reads
nothing new, so there are seldom more than are in flight."""

Wait = Callable[[int, bytes], float]
"""From the number of deliveries and the entry's id to the seconds that it waits."""


async def ensure_group(redis: Redis, destination: str) -> None:
    """Makes the stream and the consumer group of `destination` if they are not there."""
    try:
        await redis.xgroup_create(DestinationKeys.of(destination).stream, GROUP, "0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def seconds_to_work(
    redis: Redis, destination: str, wait: Wait, others: Collection[bytes]
) -> float | None:
    """Seconds until somebody should work on `destination`: 0 when new or due entries are there,
    None when there is nothing. others: consumers that are at work; what they hold is theirs."""
    stream = DestinationKeys.of(destination).stream
    pending = await _pending(redis, stream)
    if await redis.xlen(stream) > len(pending) and len(pending) < MOST_PENDING:
        return 0.0
    waits = [max(0.0, _seconds_left(row, wait)) for row in pending if row["consumer"] not in others]
    return min(waits, default=None)


class Reader:
    """Reads one destination's stream as one consumer of its group."""

    def __init__(self, redis: Redis, destination: str, consumer: str) -> None:
        self._redis, self._consumer = redis, consumer
        self._stream = DestinationKeys.of(destination).stream

    async def new(self, count: int, block_ms: int | None) -> list[Entry]:
        """Up to `count` entries that no consumer has had, waiting up to `block_ms` for one."""
        answer: Any = await self._redis.xreadgroup(
            GROUP, self._consumer, {self._stream: ">"}, count=count, block=block_ms
        )
        return _entries(answer[0][1], 1) if answer else []

    async def due(self, wait: Wait, others: Collection[bytes], count: int) -> list[Entry]:
        """Up to `count` pending entries whose wait is over, claimed for this consumer.

        others: consumers that are at work; what they hold is theirs.
        """
        pending = [
            row
            for row in await _pending(self._redis, self._stream)
            if row["consumer"] not in others and _seconds_left(row, wait) <= 0
        ]
        entries: list[Entry] = []
        for deliveries in sorted({row["times_delivered"] for row in pending}):
            ids = [row["message_id"] for row in pending if row["times_delivered"] == deliveries]
            claimed: Any = await self._redis.xclaim(
                self._stream,
                GROUP,
                self._consumer,
                # of two drains that want the same entry, the second finds it freshly claimed
                min_idle_time=min(int(1000 * wait(deliveries, each)) for each in ids),
                message_ids=ids[: count - len(entries)],
            )
            entries += _entries(claimed, deliveries + 1)
            if len(entries) >= count:
                break
        return entries

    async def hand_back(self, entries: Sequence[Entry]) -> None:
        """Leaves `entries` pending as if this delivery had not been: no attempt is spent."""
        pipeline = self._redis.pipeline(transaction=False)
        for entry in entries:
            pipeline.xclaim(
                self._stream,
                GROUP,
                self._consumer,
                min_idle_time=0,
                message_ids=[entry.id],
                retrycount=entry.deliveries - 1,
                justid=True,
            )
        await pipeline.execute()


async def _pending(redis: Redis, stream: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await redis.xpending_range(stream, GROUP, "-", "+", MOST_PENDING)
    return rows


def _seconds_left(row: dict[str, Any], wait: Wait) -> float:
    left: float = (
        wait(row["times_delivered"], row["message_id"]) - row["time_since_delivered"] / 1000
    )
    return left


def _entries(rows: list[tuple[bytes, dict[bytes, bytes]]], deliveries: int) -> list[Entry]:
    return [decode(entry_id, deliveries, fields[b"e"]) for entry_id, fields in rows if fields]
