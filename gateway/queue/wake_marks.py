"""Wake marks of destinations, which `append.lua` and `gateway.queue.wake` make."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from gateway.queue.keys import WAKE_MARK_MS


async def lengthen_marks(redis: Redis, marks: Sequence[str], mark_ms: int) -> None:
    """Extends the life of `marks` to `mark_ms`; a mark that a drain has cleared stays cleared.
    redis: the server of the events. Raises a redis-py error."""
    if mark_ms > WAKE_MARK_MS:
        for mark in marks:
            await redis.pexpire(mark, mark_ms)
