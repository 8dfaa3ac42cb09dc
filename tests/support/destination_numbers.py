"""Reads the numbers of a gateway's destinations."""

from __future__ import annotations

from redis.asyncio import Redis

from gateway.monitoring.numbers import DestinationNumbers, read_numbers
from tests.support.keys import KEYS

ENDINGS = ("delivered", "rejected", "expired", "withheld")


async def numbers(redis: Redis, destination: str = "ads") -> DestinationNumbers:
    return (await read_numbers(redis, KEYS, [destination])).destinations[destination]


async def counts(redis: Redis, destination: str = "ads") -> dict[str, int]:
    """The counts of `destination` that are not 0. Fails unless its accepted events have ended or
    are pending."""
    now = await numbers(redis, destination)
    ended = sum(now.counts.get(ending, 0) for ending in ENDINGS)
    assert now.counts.get("accepted", 0) == ended + now.pending
    return {name: count for name, count in now.counts.items() if count}
