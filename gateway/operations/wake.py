"""Wakes a destination after events were put back into its stream."""

from __future__ import annotations

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.lease import needs_drain
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_jobs


async def wake(redis: Redis, jobs_url: str, keys: Keys, name: str) -> None:
    """Wakes the destination unless it is paused or a drain runs. If that ends just now, the sweep
    wakes it."""
    if await needs_drain(redis, keys.destination(name)):
        await WakeQueue(connect_for_jobs(jobs_url), keys).wake_unmarked(redis, name)
