"""Drains without RQ: what a worker does while the memory of RQ's Redis is full, or while RQ's own
server (`redis.jobs_url`) is away.

RQ cannot queue, start or end a job then, and its workers quit. Where memory is full, pending events
would wait for ever, since only delivering them frees memory. So each worker process sweeps by
itself and drains every destination that has work and no drain; leases keep two workers from doing
the same.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import aclosing, suppress

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.delivery.forward import forward_events
from gateway.delivery.stay import Patience
from gateway.delivery.sweep import sweep_and_wake
from gateway.queue.redis_full import is_full
from gateway.redis_client.connect import RedisError, connect_for_intake
from gateway.system.tasks import cancel_and_wait

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
MEMORY_SECONDS = 10.0
"""How long RQ's server has to answer, with free memory, before RQ is tried again. RQ needs memory
itself: without this wait, a worker would start and quit again and again while others use up what
becomes free."""
PATIENCE = Patience(idle=1.0, busy=300.0)
"""These drains keep no other job waiting."""


async def drain_without_rq(settings: Settings, redis_url: str) -> None:
    """Drains until RQ's server answers and has memory again, or until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    drains: dict[str, asyncio.Task[None]] = {}

    async def wake(name: str) -> None:
        if name not in drains or drains[name].done():
            drains[name] = asyncio.create_task(_forward(settings, redis_url, name, stopping))

    redis = connect_for_intake(redis_url)
    jobs = connect_for_intake(settings.redis.jobs_at(redis_url))
    async with aclosing(redis), aclosing(jobs):
        sweeping = asyncio.create_task(sweep_and_wake(settings, redis, wake, marks_count=False))
        waiting = asyncio.create_task(_wait_for_memory(jobs, stopping))
        await asyncio.wait([sweeping, waiting], return_when=asyncio.FIRST_COMPLETED)
        stopping.set()
        await cancel_and_wait(sweeping)
        await asyncio.gather(waiting, *drains.values())
        with suppress(asyncio.CancelledError):
            await sweeping


async def _forward(settings: Settings, redis_url: str, name: str, stopping: asyncio.Event) -> None:
    try:
        await forward_events(settings, redis_url, name, stopping, PATIENCE, queues_next=False)
    except Exception as error:  # its events are pending; the next sweep tries again
        log.error("the drain of %s failed: %s", name, type(error).__name__)


async def _wait_for_memory(redis: Redis, stopping: asyncio.Event) -> None:
    full_at = time.monotonic()
    while not stopping.is_set() and time.monotonic() - full_at < MEMORY_SECONDS:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await stopping.wait()
        except TimeoutError:
            full_at = await _last_full(redis, full_at)


async def _last_full(redis: Redis, before: float) -> float:
    """When memory was last full: now if it is, or if Redis cannot say; otherwise `before`."""
    try:
        return time.monotonic() if await is_full(redis) else before
    except RedisError:
        return time.monotonic()
