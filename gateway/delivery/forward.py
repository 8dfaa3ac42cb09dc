"""Forwarding of one destination: a drain with a lease, and a wake-up for what it leaves."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.delivery.drain import Drain, Patience
from gateway.delivery.lease import Lease, new_holder
from gateway.delivery.pause import current_pause
from gateway.delivery.policy import waits
from gateway.delivery.send import Attempt
from gateway.delivery.wake import QUEUE_KEY, Alarm
from gateway.http import open_client
from gateway.pipeline import required_consent
from gateway.queue.connect import connect_for_jobs, connect_for_work
from gateway.queue.read import ensure_group, seconds_to_work
from gateway.records import Recorder, outcome_records
from gateway.settings import Settings, build_destination, client_settings

log = logging.getLogger(__name__)


async def forward_events(
    settings: Settings,
    redis_url: str,
    name: str,
    stopping: asyncio.Event,
    patience: Patience,
) -> None:
    """Drains the destination `name`, unless enough drains are at work on it; ends soon once
    `stopping` is set. Raises what Redis raised."""
    jobs_url = settings.redis.jobs_at(redis_url)
    redis, jobs = connect_for_work(redis_url), connect_for_work(jobs_url)
    alarm = Alarm(connect_for_jobs(jobs_url))
    lease = Lease(redis, name, new_holder(), settings.destinations[name].delivery.drains)
    try:
        await ensure_group(redis, name)
        if not await lease.take():
            return
        try:
            aged = await _drain(settings, name, redis, jobs, lease, alarm, stopping, patience)
        finally:
            await lease.release()
        successor = aged and not await jobs.llen(QUEUE_KEY)
        await _look_again(settings, name, redis, lease, alarm, successor)
    finally:
        await redis.aclose()
        await jobs.aclose()


async def _drain(
    settings: Settings,
    name: str,
    redis: Redis,
    jobs: Redis,
    lease: Lease,
    alarm: Alarm,
    stopping: asyncio.Event,
    patience: Patience,
) -> bool:
    """Whether the drain ended because of its age."""
    configured = settings.destinations[name]
    destination = build_destination(configured)
    client = None if configured.dry_run else open_client(client_settings(configured))
    recorder = Recorder(redis) if settings.server.demo else None

    def watch(attempt: Attempt) -> None:
        if recorder is not None:
            recorder.add(outcome_records(name, destination, configured.dry_run, attempt))

    drain = Drain(
        redis,
        name,
        destination,
        configured.delivery,
        client,
        lease,
        watch,
        call_help=lambda: alarm.wake_unmarked(redis, name),
        patience=patience,
        stops=required_consent(configured) if settings.consent.withdrawals else (),
        jobs=jobs,
    )
    keeping = asyncio.create_task(lease.keep(lost=drain.stop))
    obeying = asyncio.create_task(_stop_when(stopping, drain))
    try:
        await drain.run()
    finally:
        obeying.cancel()
        keeping.cancel()
        if client is not None:
            await client.close()
        if recorder is not None:
            with suppress(OutOfMemoryError):  # a demo's record is no reason to fail
                await recorder.flush()
    return drain.stayed_to_the_end


async def _stop_when(stopping: asyncio.Event, drain: Drain) -> None:
    await stopping.wait()
    drain.stop()


async def _look_again(
    settings: Settings, name: str, redis: Redis, lease: Lease, alarm: Alarm, successor: bool
) -> None:
    """An event that came while the drain was ending found it still at work, and woke nobody.

    successor: whether another drain is to wait for events where none are.
    """
    paused = await current_pause(redis, name)
    if paused is not None:
        await asyncio.to_thread(alarm.wake_later, name, paused.seconds)
        return
    wait = waits(settings.destinations[name].delivery.backoff)
    seconds = await seconds_to_work(redis, name, wait, await lease.others())
    if seconds == 0 or (seconds is None and successor):
        await alarm.wake_unmarked(redis, name)
    elif seconds is not None:
        await asyncio.to_thread(alarm.wake_later, name, seconds)
