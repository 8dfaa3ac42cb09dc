"""Waking a destination from tests that are not asynchronous."""

from __future__ import annotations

import asyncio

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from gateway.queue.wake import WakeQueue
from tests.support.keys import KEYS


def wake_unmarked(redis: Redis, destination: str) -> bool:
    """`WakeQueue.wake_unmarked`, with events and jobs on the server of `redis`."""
    options = redis.connection_pool.connection_kwargs

    async def work() -> bool:
        events = AsyncRedis(
            host=options.get("host", ""),
            port=options.get("port", 0),
            unix_socket_path=options.get("path"),
            protocol=2,
        )
        async with events:
            return await WakeQueue(redis, KEYS).wake_unmarked(events, destination)

    return asyncio.run(work())
