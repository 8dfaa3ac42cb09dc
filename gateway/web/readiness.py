"""Whether a web process is ready: Redis answers and has the consumer groups of all destinations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from redis.asyncio import Redis

from gateway.queue.keys import GROUP, Keys
from gateway.redis_client.connect import RedisError

FRESH_SECONDS = 0.5
"""How long strangers get the same answer: they could keep Redis busy by asking often."""


class Readiness:
    """Why a process is not ready, in words for operators; "" when it is."""

    def __init__(self, redis: Redis, keys: Keys, destinations: Collection[str]) -> None:
        self._redis = redis
        self._keys = keys
        self._destinations = destinations
        self._asked: asyncio.Task[str] | None = None
        self._asked_at = 0.0

    async def recent_fault(self) -> str:
        """The fault as of at most `FRESH_SECONDS` ago. Callers that come meanwhile share one query
        of Redis."""
        is_stale = time.monotonic() - self._asked_at > FRESH_SECONDS
        if self._asked is None or (self._asked.done() and is_stale):
            self._asked = asyncio.create_task(self.fault())
            self._asked_at = time.monotonic()
        return await asyncio.shield(self._asked)

    async def fault(self) -> str:
        """The fault as of now."""
        try:
            for name in self._destinations:
                groups = await self._redis.xinfo_groups(self._keys.destination(name).stream)
                if GROUP.encode() not in (group["name"] for group in groups):
                    return f"Redis: no consumer group for {name}"
        except RedisError as error:
            return f"Redis: {type(error).__name__}"
        return ""
