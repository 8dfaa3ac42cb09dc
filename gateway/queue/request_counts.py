"""Counts the requests of a day for which a vendor has a daily quota."""

from __future__ import annotations

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.redis_full import write_note

DAY_SECONDS = 86_400


class RequestCounts:
    """The count of `quota`, which all drains of all destinations with this quota share. Days are
    UTC days. Raises a redis-py error."""

    def __init__(self, redis: Redis, keys: Keys, quota: str) -> None:
        self._redis = redis
        self._begin = f"{keys.quotas}{quota}"

    async def add(self, requests: int, now: float) -> int:
        """Counts `requests` more, and returns how many there were today. now: Unix seconds."""
        key = f"{self._begin}:{int(now // DAY_SECONDS)}"
        if not requests:
            return int(await self._redis.get(key) or 0)
        count: int = await write_note(self._redis, "INCRBY", key, requests)
        if count == requests:
            await write_note(self._redis, "EXPIRE", key, 2 * DAY_SECONDS)
        return count
