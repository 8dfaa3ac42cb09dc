"""The sweep: wakes destinations that have work and no drain, and trims dead letters and the
quarantine.

It guarantees progress: a job may be lost with its worker, a wake mark with a web process, and a
scheduled wake-up with the scheduler. It runs in every `gateway work` and `gateway run`, and in a
worker that drains without RQ.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.settings import Settings
from gateway.delivery.policy import waits
from gateway.delivery.removed import forget_ledger, forget_removed
from gateway.delivery.trim import QuarantineTrimmer, Trimmer
from gateway.queue.bounds import MemoryUsage
from gateway.queue.capacity import read_memory_usage
from gateway.queue.keys import DestinationKeys, Keys
from gateway.queue.lease import forget_consumers, needs_drain
from gateway.queue.read import ensure_group, seconds_to_work
from gateway.queue.remembered import note_configured
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import RedisError, connect_for_intake, connect_for_jobs

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
FORGET_SECONDS = 60.0
REMOVED_SECONDS = 3600.0
"""Between looks for destinations that are no longer configured."""

QUARANTINE = ":quarantine"
"""Stands for the quarantine among names of destinations; no destination can have this name."""

EnsureDrain = Callable[[str], Awaitable[object]]
"""Makes sure that the destination of this name is drained."""


async def sweep_forever(settings: Settings, redis_url: str) -> None:
    """Sweeps every second and queues jobs, until cancelled; waits while Redis is away."""
    jobs = connect_for_jobs(settings.redis.jobs_at(redis_url))
    wake_queue = WakeQueue(jobs, Keys.of(settings))
    # without retries, which would delay other destinations: the sweep repeats every second
    async with aclosing(connect_for_intake(redis_url)) as redis:

        async def wake(name: str) -> None:
            await wake_queue.wake_unmarked(redis, name)

        await sweep_and_wake(settings, redis, wake, marks_count=True)


async def sweep_and_wake(
    settings: Settings, redis: Redis, ensure_drain: EnsureDrain, marks_count: bool
) -> None:
    """Sweeps every second, until cancelled. marks_count: whether a wake mark means that a job will
    drain the destination."""
    forgot = time.monotonic()
    away: set[str] = set()
    keys = Keys.of(settings)
    deliveries = {name: each.delivery for name, each in settings.destinations.items()}
    trimmer, quarantine = Trimmer(redis, keys, deliveries), QuarantineTrimmer(redis, keys)
    looked = -math.inf
    while True:
        forget = time.monotonic() - forgot > FORGET_SECONDS
        memory = await _read_memory(redis)
        for name, destination in settings.destinations.items():
            try:
                of_name = keys.destination(name)
                await _sweep(redis, name, of_name, destination, ensure_drain, marks_count, forget)
                await _trim(trimmer, name, memory)
                away.discard(name)
            except RedisError as error:  # other nodes of a cluster may still answer
                if name not in away:
                    log.warning(
                        "the sweep of %s is waiting for Redis: %s", name, type(error).__name__
                    )
                away.add(name)
        forgot = time.monotonic() if forget else forgot
        try:
            await quarantine.trim(memory)
            away.discard(QUARANTINE)
        except RedisError as error:
            if QUARANTINE not in away:
                log.warning("could not trim the quarantine: %s", type(error).__name__)
            away.add(QUARANTINE)
        if time.monotonic() - looked > REMOVED_SECONDS:
            # forgets nothing the first time: other gateways may not have announced themselves yet
            await _look_for_removed(redis, settings, forgets=looked > 0)
            looked = time.monotonic()
        await asyncio.sleep(SWEEP_SECONDS)


async def _sweep(
    redis: Redis,
    name: str,
    keys: DestinationKeys,
    settings: ForwardingSettings,
    ensure_drain: EnsureDrain,
    marks_count: bool,
    forget: bool,
) -> None:
    marks = [keys.wake] if marks_count else []
    try:
        if await needs_drain(redis, keys, *marks) and await _has_work(redis, keys, settings):
            await ensure_drain(name)
        if forget:
            await forget_consumers(redis, keys, int(FORGET_SECONDS * 1000))
    except ResponseError as error:  # something is wrong with this destination's keys
        log.error("the sweep skipped %s: %s", name, error)


async def _trim(trimmer: Trimmer, name: str, memory: MemoryUsage | None) -> None:
    try:
        await trimmer.trim(name, memory)
    except ResponseError as error:
        log.error("could not trim the dead letters of %s: %s", name, error)


async def _look_for_removed(redis: Redis, settings: Settings, forgets: bool) -> None:
    try:
        await note_configured(redis, Keys.of(settings), settings.destinations, time.time())
        if forgets:
            await forget_removed(redis, settings, time.time())
            await forget_ledger(redis, settings, time.time())
    except RedisError as error:
        log.warning("could not look for removed destinations: %s", type(error).__name__)


async def _read_memory(redis: Redis) -> MemoryUsage | None:
    """The memory usage of Redis; None if it cannot be read."""
    try:
        return await read_memory_usage(redis)
    except RedisError:
        return None


async def _has_work(redis: Redis, keys: DestinationKeys, settings: ForwardingSettings) -> bool:
    await ensure_group(redis, keys)
    return await seconds_to_work(redis, keys, waits(settings.delivery.backoff), ()) == 0
