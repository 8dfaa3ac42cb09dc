"""The RQ job that drains one destination, and the worker process that runs it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

import uvloop
from redis.asyncio import Redis as AsyncRedis
from rq import Worker

from gateway.delivery.drain import Drain
from gateway.delivery.lease import Lease, new_holder
from gateway.delivery.pause import current_pause
from gateway.delivery.policy import waits
from gateway.delivery.send import Attempt
from gateway.delivery.wake import QUEUE, Alarm, ForwardJob
from gateway.http import open_client
from gateway.processes import die_with_parent
from gateway.queue.connect import connect_for_jobs, connect_for_work
from gateway.queue.read import ensure_group, seconds_to_work
from gateway.records import Recorder, outcome_records
from gateway.settings import Settings, build_destination, client_settings

_settings: Settings | None = None
_redis_url = ""


def forward(destination: str) -> None:
    """Drains `destination`. This is the one function that RQ may call; it runs in a fork of the
    worker, and so finds the settings that the worker read."""
    if _settings is None or destination not in _settings.destinations:
        return  # another configuration queued it; its events wait for a worker that knows it
    uvloop.run(_forward(_settings, destination))


def run_worker(settings: Settings, redis_url: str) -> None:
    """Runs an RQ worker in this process until it is told to stop.

    Everything is imported by now, so the forks start at once.
    """
    global _settings, _redis_url
    _settings, _redis_url = settings, redis_url
    die_with_parent()
    connection = connect_for_jobs(redis_url)
    ForwardWorker(
        [QUEUE],
        connection=connection,
        serializer="json",
        job_class=ForwardJob,
        log_job_description=False,
        worker_ttl=20,
        maintenance_interval=5,
        job_monitoring_interval=5,
    ).work(logging_level="WARNING")


class ForwardWorker(Worker):
    """RQ's forking worker, whose children end well and never outlive it."""

    def main_work_horse(self, *args: Any) -> None:
        die_with_parent()
        super().main_work_horse(*args)

    def handle_warm_shutdown_request(self) -> None:
        """Tells the drain to end; RQ's own worker would wait until it ends by itself."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


async def _forward(settings: Settings, name: str) -> None:
    redis = connect_for_work(_redis_url)
    alarm = Alarm(connect_for_jobs(_redis_url))
    lease = Lease(redis, name, new_holder(), settings.destinations[name].delivery.drains)
    try:
        await ensure_group(redis, name)
        if not await lease.take():
            return
        renewing = asyncio.create_task(lease.keep())
        try:
            await _drain(settings, name, redis, lease, alarm)
        finally:
            renewing.cancel()
            await lease.release()
        await _look_again(settings, name, redis, lease, alarm)
    finally:
        await redis.aclose()


async def _drain(
    settings: Settings, name: str, redis: AsyncRedis, lease: Lease, alarm: Alarm
) -> None:
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
        call_help=lambda: asyncio.to_thread(alarm.wake_unmarked, name),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, drain.stop)
    try:
        await drain.run()
    finally:
        if client is not None:
            await client.close()
        if recorder is not None:
            await recorder.flush()


async def _look_again(
    settings: Settings, name: str, redis: AsyncRedis, lease: Lease, alarm: Alarm
) -> None:
    """An event that came while the drain was ending found it still at work, and woke nobody."""
    paused = await current_pause(redis, name)
    if paused is not None:
        await asyncio.to_thread(alarm.wake_later, name, paused.seconds)
        return
    wait = waits(settings.destinations[name].delivery.backoff)
    seconds = await seconds_to_work(redis, name, wait, await lease.others())
    if seconds == 0:
        await asyncio.to_thread(alarm.wake_unmarked, name)
    elif seconds is not None:
        await asyncio.to_thread(alarm.wake_later, name, seconds)
