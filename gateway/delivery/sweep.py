"""The sweep: finds destinations with work and nobody at it, and wakes them.

It is what guarantees progress: jobs may be lost with a worker, a mark with a web process, a later
wake-up with the scheduler. It runs in every `gateway work` and `gateway run`, and in a worker that
drains without RQ.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.delivery.lease import forget_consumers, is_left_alone
from gateway.delivery.policy import waits
from gateway.delivery.wake import Alarm
from gateway.queue.connect import RedisError, connect_for_intake, connect_for_jobs
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
    alarm = Alarm(connect_for_jobs(settings.redis.jobs_at(redis_url)))
    # no second tries, which would keep other destinations waiting: it comes again in a second
    async with aclosing(connect_for_intake(redis_url)) as redis:

        async def wake(name: str) -> None:
            await alarm.wake_unmarked(redis, name)

        await sweep_and_wake(settings, redis, wake, marks_count=True)


async def sweep_and_wake(settings: Settings, redis: Redis, wake: Wake, marks_count: bool) -> None:
    """Sweeps every second, until cancelled. marks_count: a destination that is marked as woken has
    a job, and somebody will run it."""
    forgot = time.monotonic()
    away: set[str] = set()
    while True:
        forget = time.monotonic() - forgot > FORGET_SECONDS
        for name, destination in settings.destinations.items():
            try:
                await _sweep(redis, name, destination, wake, marks_count, forget)
                away.discard(name)
            except RedisError as error:  # those on other nodes of a cluster may be there
                if name not in away:
                    log.warning("the sweep of %s waits for Redis: %s", name, type(error).__name__)
                away.add(name)
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
    keys = DestinationKeys.of(name)
    marks = [keys.wake] if marks_count else []
    try:
        if await is_left_alone(redis, keys, *marks) and await _has_work(redis, name, settings):
            await wake(name)
        if forget:
            await forget_consumers(redis, keys, int(FORGET_SECONDS * 1000))
    except ResponseError as error:  # something is wrong with this destination's keys
        log.error("the sweep leaves %s out: %s", name, error)


async def _has_work(redis: Redis, name: str, settings: ForwardingSettings) -> bool:
    await ensure_group(redis, name)
    return await seconds_to_work(redis, name, waits(settings.delivery.backoff), ()) == 0
