"""The RQ job that drains one destination, and the worker process that runs it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import Any

import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq import Worker

from gateway.configuration.settings import Settings
from gateway.delivery.forward import forward_events
from gateway.delivery.stay import Patience
from gateway.delivery.without_rq import drain_without_rq
from gateway.http import import_carrier
from gateway.queue.keys import Keys
from gateway.queue.redis_full import MemoryIsFullError, memory_may_be_full
from gateway.queue.scripts import read_scripts
from gateway.queue.wake import JOB_SECONDS, ForwardJob
from gateway.redis_client.connect import PATIENT_TRIES, RedisError, connect_for_jobs
from gateway.system.collector import spare_shared_pages
from gateway.system.processes import die_with_parent

log = logging.getLogger(__name__)

STOP_SECONDS = JOB_SECONDS - 60.0
"""When to stop a drain that has not ended by itself. RQ's own limit cannot end it: it raises an
error in a signal handler, which uvloop swallows, and kills the process a minute later."""

_settings: Settings | None = None
_redis_url = ""


def forward(destination: str) -> None:
    """Drains `destination`. This is the only function that RQ may call. It runs in a fork of the
    worker, which has the settings that the worker read."""
    if _settings is None or destination not in _settings.destinations:
        return  # another configuration queued it; its events wait for a worker that knows it
    uvloop.run(_forward(_settings, destination))


def run_worker(settings: Settings, redis_url: str) -> None:
    """Runs an RQ worker in this process until it is stopped.

    Everything that forks need is imported first, so that they start at once. When RQ quits because
    the memory of Redis is full, or because its own server is away, this process drains by itself,
    and ends once RQ can work again: it has threads by then, and must not fork any more. Its
    supervisor starts a new one.
    """
    global _settings, _redis_url
    _settings, _redis_url = settings, redis_url
    die_with_parent()
    prepare_forks(settings)
    jobs_url = settings.redis.jobs_at(redis_url)
    worker: ForwardWorker | None = None
    try:
        with memory_may_be_full():
            worker = _new_worker(Keys.of(settings).queue, jobs_url)
            worker.has_own_server = jobs_url != redis_url
            worker.work(logging_level="WARNING")
    except MemoryIsFullError:
        why, until = "the memory of Redis is full", "memory is free"
    except (RedisConnectionError, RedisTimeoutError):
        if jobs_url == redis_url:
            raise
        why, until = "the server at redis.jobs_url is away", "it is back"
    else:
        return
    if worker is None or not worker.told_to_end:
        log.error("%s; forwarding events without RQ until %s", why, until)
        uvloop.run(drain_without_rq(settings, redis_url))


def _new_worker(queue: str, jobs_url: str) -> ForwardWorker:
    return ForwardWorker(
        [queue],
        connection=connect_for_jobs(jobs_url, PATIENT_TRIES),
        serializer="json",
        job_class=ForwardJob,
        log_job_description=False,
        worker_ttl=20,
        maintenance_interval=5,
        job_monitoring_interval=5,
    )


def prepare_forks(settings: Settings) -> None:
    """Imports the HTTP carriers, reads the scripts, and hides all objects from the garbage
    collector: a memory page on which it leaves marks in a fork is copied."""
    import_carriers(settings)
    read_scripts()
    spare_shared_pages()


def import_carriers(settings: Settings) -> None:
    """Imports the HTTP carriers of the destinations."""
    for each in settings.destinations.values():
        import_carrier(each.http)


class RQAwayError(RedisError):
    """RQ's own server is away."""


class ForwardWorker(Worker):
    """RQ's forking worker, with children that shut down cleanly and never outlive it."""

    told_to_end = False
    has_own_server = False
    """Whether the events are on another server than RQ."""

    def main_work_horse(self, *args: Any) -> None:
        die_with_parent()
        super().main_work_horse(*args)

    def handle_warm_shutdown_request(self) -> None:
        """Also stops the drain; RQ's own worker would wait until it ends by itself."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self.told_to_end = True
        self._tell_horse()

    def fork_work_horse(self, *args: Any) -> None:
        """Holds SIGTERM back: Python forgets a signal that reaches a fork before it is set up."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            super().fork_work_horse(*args)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if self.told_to_end:  # perhaps before the horse's process id was known
            self._tell_horse()

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if self.told_to_end:  # the worker was told so just before the fork
            os._exit(1)

    def heartbeat(self, *args: Any, **named: Any) -> None:
        """Ends the wait for a job if RQ's own server is away; RQ would wait until it is back."""
        try:
            super().heartbeat(*args, **named)
        except (RedisConnectionError, RedisTimeoutError) as error:
            if self.has_own_server:
                raise RQAwayError(type(error).__name__) from None
            raise

    def unsubscribe(self) -> None:
        """Leaves the thread that listens to commands until the process ends. RQ stops it, for which
        redis-py 8.2 may wait a minute: the thread that waits for a channel is not woken."""

    def maintain_heartbeats(self, *args: Any) -> None:
        # the horse is still at work, and would end with this process
        with suppress(MemoryIsFullError, RedisError), memory_may_be_full():
            super().maintain_heartbeats(*args)

    def set_shutdown_requested_date(self) -> None:
        with suppress(MemoryIsFullError), memory_may_be_full():
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def _tell_horse(self) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


async def _forward(settings: Settings, destination: str) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.call_later(STOP_SECONDS, stopping.set)
    await forward_events(settings, _redis_url, destination, stopping, Patience())
