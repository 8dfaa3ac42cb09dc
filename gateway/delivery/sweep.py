"""The sweep: finds destinations with work and nobody at it, and wakes them.

It is what guarantees progress: jobs may be lost with a worker, a mark with a web process, a later
wake-up with the scheduler. It runs in every `gateway work` and `gateway run`, and in a worker that
drains without RQ.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.delivery.lease import forget_consumers
from gateway.delivery.policy import waits
from gateway.delivery.wake import Alarm
from gateway.queue.connect import RedisError, connect_for_jobs, connect_for_work
from gateway.queue.keys import DestinationKeys
from gateway.queue.read import ensure_group, seconds_to_work
from gateway.settings import ForwardingSettings, Settings

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
FORGET_SECONDS = 60.0


Wake = Callable[[str], Awaitable[object]]
"""Sees to it that the destination of this name is drained."""


async def sweep_forever(settings: Settings, redis_url: str) -> None:
    """Sweeps every second and queues jobs, until cancelled; waits while Redis is away."""
    alarm = Alarm(connect_for_jobs(redis_url))

    async def wake(name: str) -> None:
        await asyncio.to_thread(alarm.wake_unmarked, name)

    await sweep_and_wake(settings, connect_for_work(redis_url), wake, marks_count=True)


async def sweep_and_wake(settings: Settings, redis: Redis, wake: Wake, marks_count: bool) -> None:
    """Sweeps every second, until cancelled. marks_count: a destination that is marked as woken has
    a job, and somebody will run it."""
    forgot = time.monotonic()
    while True:
        forget = time.monotonic() - forgot > FORGET_SECONDS
        try:
            for name, destination in settings.destinations.items():
                await _sweep(redis, name, destination, wake, marks_count, forget)
        except RedisError as error:
            log.warning("the sweep waits for Redis: %s", type(error).__name__)
        forgot = time.monotonic() if forget else forgot
        await asyncio.sleep(SWEEP_SECONDS)


async def _sweep(
    redis: Redis,
    name: str,
    settings: ForwardingSettings,
    wake: Wake,
    marks_count: bool,
    forget: bool,
) -> None:
    try:
        if await _is_neglected(redis, name, settings, marks_count):
            await wake(name)
        if forget:
            await forget_consumers(redis, DestinationKeys.of(name), int(FORGET_SECONDS * 1000))
    except ResponseError as error:  # something is wrong with this destination's keys
        log.error("the sweep leaves %s out: %s", name, error)


async def _is_neglected(
    redis: Redis, name: str, settings: ForwardingSettings, marks_count: bool
) -> bool:
    """Whether there is work at `name` now, and nobody at it or on the way."""
    keys = DestinationKeys.of(name)
    pipeline = redis.pipeline(transaction=False)
    pipeline.time()
    pipeline.xlen(keys.stream)
    pipeline.exists(keys.pause, *([keys.wake] if marks_count else []))
    pipeline.zrange(keys.drains, -1, -1, withscores=True)
    (seconds, microseconds), length, paused_or_woken, newest = await pipeline.execute()
    at_work = newest and newest[0][1] > seconds * 1000 + microseconds / 1000
    if not length or paused_or_woken or at_work:
        return False
    await ensure_group(redis, name)
    return await seconds_to_work(redis, name, waits(settings.delivery.backoff), ()) == 0
