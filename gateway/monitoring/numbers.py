"""Reads the counters in Redis for `/metrics`, `gateway status` and the console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from gateway.queue.bounds import MemoryUsage
from gateway.queue.capacity import read_memory_usage
from gateway.queue.counting import Reason, withheld_of, without_parts
from gateway.queue.keys import GROUP, Keys
from gateway.queue.scripts import script

OUTCOMES = ("accepted", "withheld", "delivered", "rejected", "expired")


@dataclass(frozen=True, slots=True)
class DestinationNumbers:
    """The numbers of one destination.

    pending: events without an ending. pending_bytes: size of those in the stream. oldest: Unix
    seconds when the oldest entry that is not submitted was added to the stream; None if there is
    none. paused: seconds until the end of the pause. dead: number of dead letters. dead_bytes:
    their size. withheld: numbers of events by the reason why they were withheld.
    """

    counts: Mapping[str, int]
    pending: int
    pending_bytes: int
    oldest: float | None
    paused: float
    dead: int
    dead_bytes: int
    withheld: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of the gateway and of each destination. memory_usage: None if the Redis user may
    not run INFO. quarantined: events in quarantine."""

    gateway: Mapping[str, int]
    destinations: Mapping[str, DestinationNumbers]
    memory_usage: MemoryUsage | None = None
    quarantined: int = 0


async def read_numbers(redis: Redis, keys: Keys, destinations: Iterable[str]) -> Numbers:
    """Reads all numbers. Those of one destination are read in one step, so that they add up."""
    read = redis.register_script(script("numbers", "submitted"))
    numbers = {}
    for name in destinations:
        of_name = keys.destination(name)
        numbers[name] = _numbers(
            *await read([of_name.counts, of_name.stream, of_name.pause, of_name.dead], [GROUP])
        )
    counts: Any = await redis.hgetall(keys.counts)
    quarantined = await redis.xlen(keys.quarantine)
    return Numbers(_decoded(counts), numbers, await read_memory_usage(redis), quarantined)


def _numbers(
    counts: list[bytes], pending: int, first: bytes, pause_ms: int, dead: int
) -> DestinationNumbers:
    oldest = int(first.split(b"-")[0]) / 1000 if first else None
    named = dict(zip(counts[::2], counts[1::2], strict=True))
    counts_by_name = _decoded(named)
    pending += counts_by_name.get("held", 0)
    dead_bytes = counts_by_name.pop("dead_bytes", 0)
    pending_bytes = max(0, counts_by_name.pop("pending_bytes", 0))
    paused = max(0, pause_ms) / 1000
    return DestinationNumbers(
        without_parts(counts_by_name),
        pending,
        pending_bytes,
        oldest,
        paused,
        dead,
        dead_bytes,
        withheld_of(counts_by_name),
    )


def _decoded(counts: Mapping[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in counts.items()}
