"""Read: new entries of a destination's stream, and those whose wait for a retry is over."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.queue.connect import script
from gateway.queue.entry import Entry, decode
from gateway.queue.keys import GROUP, DestinationKeys

MOST_PENDING = 1000
"""Pending entries that are looked at in one go."""

_MAKE_GROUP = """#!lua flags=allow-oom
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
  return made
end
"""

_HAND_BACK = """#!lua flags=allow-oom
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end
"""

log = logging.getLogger(__name__)

Wait = Callable[[int, bytes], float]
"""From the number of deliveries and the entry's id to the seconds that it waits."""


async def ensure_group(redis: Redis, destination: str) -> None:
    """Makes the stream and the consumer group of `destination` if they are not there, also when
    memory is full."""
    await redis.register_script(_MAKE_GROUP)([DestinationKeys.of(destination).stream], [GROUP])


async def seconds_to_work(
    redis: Redis, destination: str, wait: Wait, others: Collection[bytes]
) -> float | None:
    """Seconds until somebody should work on `destination`: 0 when new or due entries are there,
    None when there is nothing. others: consumers that are at work; what they hold is theirs."""
    stream = DestinationKeys.of(destination).stream
    held = await redis.xpending(stream, GROUP)
    if await redis.xlen(stream) > held["pending"]:
        return 0.0
    soonest: float | None = None
    async for row in _pending(redis, stream):
        if row["consumer"] not in others:
            left = max(0.0, _seconds_left(row, wait))
            soonest = left if soonest is None else min(soonest, left)
            if soonest == 0:
                break
    return soonest


class NewEntries(NamedTuple):
    """What was read. paused: whether the destination was paused by then."""

    entries: list[Entry]
    paused: bool


class Reader:
    """Reads one destination's stream as one consumer of its group."""

    def __init__(self, redis: Redis, destination: str, consumer: str) -> None:
        self._redis, self._consumer = redis, consumer
        self._stream = DestinationKeys.of(destination).stream
        self._pause = DestinationKeys.of(destination).pause
        self._claim = redis.register_script(script("claim"))
        self._hand_back = redis.register_script(_HAND_BACK)

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
        that this consumer is at work on.
        """
        found: list[bytes | int] = []
        async for row in _pending(self._redis, self._stream):
            if len(found) >= 3 * count:
                break
            at_work = row["consumer"] in others or row["message_id"] in held
            if not at_work and _seconds_left(row, wait) <= 0:
                found += [row["message_id"], row["consumer"], row["times_delivered"]]
        if not found:
            return []
        claimed: Any = await self._claim([self._stream], [GROUP, self._consumer, *found])
        return [
            entry
            for entry_id, deliveries, fields in claimed
            for entry in _entries(
                [(entry_id, dict(zip(*[iter(fields)] * 2, strict=True)))], deliveries
            )
        ]

    async def hand_back(self, entries: Sequence[Entry]) -> None:
        """Leaves `entries` pending as if this delivery had not been: no attempt is spent. What
        another consumer has taken over meanwhile is its own."""
        if entries:
            pairs = [value for entry in entries for value in (entry.id, entry.deliveries - 1)]
            await self._hand_back([self._stream], [GROUP, self._consumer, *pairs])


async def _pending(redis: Redis, stream: str) -> AsyncIterator[dict[str, Any]]:
    """The pending entries, oldest first."""
    first = "-"
    while True:
        rows: list[dict[str, Any]] = await redis.xpending_range(
            stream, GROUP, first, "+", MOST_PENDING
        )
        for row in rows:
            yield row
        if len(rows) < MOST_PENDING:
            return
        first = "(" + rows[-1]["message_id"].decode()


def _seconds_left(row: dict[str, Any], wait: Wait) -> float:
    left: float = (
        wait(row["times_delivered"], row["message_id"]) - row["time_since_delivered"] / 1000
    )
    return left


def _entries(rows: list[tuple[bytes, dict[bytes, bytes]]], deliveries: int) -> list[Entry]:
    """`rows` decoded. What is no event of ours, which only a foreign hand can have put there,
    stays pending."""
    entries = []
    for entry_id, fields in rows:
        try:
            entries.append(decode(entry_id, deliveries, fields[b"e"]))
        except (KeyError, TypeError, ValueError):
            log.error("entry %s is not an event", entry_id.decode())
    return entries
