"""The names of destinations that have been configured, until nothing is stored for them.

They make it possible to find what is stored for a destination that is no longer configured: the
Redis user may not be allowed to list keys.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import Keys


async def remember(redis: Redis, keys: Keys, names: Collection[str]) -> None:
    """Remembers `names`. Raises a redis-py error."""
    if names:
        await redis.sadd(keys.destinations, *names)


async def note_configured(redis: Redis, keys: Keys, names: Collection[str], now: float) -> None:
    """Remembers `names`, and that they are configured `now` (Unix seconds). Raises a redis-py
    error."""
    await remember(redis, keys, names)
    if names:
        await redis.hset(keys.configured, mapping=dict.fromkeys(names, int(now)))


async def last_configured(redis: Redis, keys: Keys, name: str) -> float:
    """When a gateway last noted that `name` is configured, in Unix seconds; 0 if it never did.
    Raises a redis-py error."""
    return float(await redis.hget(keys.configured, name) or 0)


async def remembered_with_events(redis: Redis, keys: Keys, known: Collection[str]) -> list[str]:
    """The remembered names that are not in `known` and have pending events or dead letters. Forgets
    the other names that are not in `known`. Raises a redis-py error."""
    rows: Any = await redis.smembers(keys.destinations)
    found = []
    for name in sorted({row.decode() for row in rows} - {*known}):
        of_name = keys.destination(name)
        if await redis.xlen(of_name.stream) or await redis.xlen(of_name.dead):
            found.append(name)
        else:
            await redis.srem(keys.destinations, name)
            await redis.hdel(keys.configured, name)
    return found
