"""The names of destinations that have been configured, until nothing is stored for them.

With these, what is stored for one that is no longer configured is found: a user of Redis may not be
allowed to list keys.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import Keys


async def remember(redis: Redis, keys: Keys, names: Collection[str]) -> None:
    """Raises a redis-py error."""
    if names:
        await redis.sadd(keys.destinations, *names)


async def remembered_with_events(redis: Redis, keys: Keys, known: Collection[str]) -> list[str]:
    """Those that are not in `known` and have pending events or dead letters. The others that are
    not in `known` are forgotten. Raises a redis-py error."""
    rows: Any = await redis.smembers(keys.destinations)
    found = []
    for name in sorted({row.decode() for row in rows} - {*known}):
        of_name = keys.destination(name)
        if await redis.xlen(of_name.stream) or await redis.xlen(of_name.dead):
            found.append(name)
        else:
            await redis.srem(keys.destinations, name)
    return found
