"""Waking: RQ jobs that name a destination and nothing else.

Jobs are on the server of RQ, and wake marks on the server of the events, which may be another one.

A wake-up may be lost with the process that queues it. It does not matter: the wake mark expires,
and the sweep wakes every destination that has work and no drain. The mark lives longer if many jobs
wait; otherwise, while workers are away or busy, jobs would be queued repeatedly. While memory is
full, no job can be queued; then workers drain without jobs (`gateway.delivery.without_rq`).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import NoSuchJobError, StopRequested
from rq.job import Job

from gateway.queue.keys import WAKE_MARK_MS, Keys
from gateway.queue.redis_full import MemoryIsFullError, memory_may_be_full
from gateway.queue.wake_marks import lengthen_marks

log = logging.getLogger(__name__)

FORWARD = "gateway.delivery.job.forward"
TURN_MS, MAX_MARK_MS = 2_000, 600_000
"""How long a wake mark lives: for each waiting job as long as a drain stays if other jobs wait; and
at most, since jobs may be lost."""
JOB_SECONDS = 600
"""After this time RQ ends a job. A drain ends by itself long before."""


async def jobs_wait(redis: AsyncRedis, keys: Keys) -> bool:
    """Whether a job waits for a worker. redis: the server of RQ."""
    return bool(await redis.llen(keys.queue_key))


class ForwardJob(Job):
    """An RQ job that can only be the function `FORWARD` with the name of a destination.

    RQ would call any function that a job in Redis names, with any serialiser.
    """

    success_callback = failure_callback = stopped_callback = None

    @classmethod
    def fetch(cls, id: str, *args: Any, **named: Any) -> Self:
        """The job `id`. Raises `NoSuchJobError` also for a job that cannot be read, for example
        because of an invalid date: RQ's workers skip such jobs, but end at any other error."""
        try:
            return super().fetch(id, *args, **named)  # type: ignore[return-value]
        except (NoSuchJobError, RedisError, StopRequested):  # a signal may raise the last anywhere
            raise
        except Exception as error:
            log.error("skipping job %s, which cannot be read: %s", id, type(error).__name__)
            raise NoSuchJobError(f"job {id} cannot be read") from None

    @classmethod
    def fetch_many(cls, job_ids: Iterable[str], *args: Any, **named: Any) -> list[Job | None]:
        """The jobs `job_ids`, None for each that `fetch` does not find: RQ's scheduler removes it
        from its schedule."""
        jobs: list[Job | None] = []
        for job_id in job_ids:
            try:
                jobs.append(cls.fetch(job_id, *args, **named))
            except NoSuchJobError:
                jobs.append(None)
        return jobs

    def send_webhooks(self, *_: object, **__: object) -> None:
        """Sends nothing: RQ would send requests to any address that a job names."""

    @property
    def func(self):  # type: ignore[no-untyped-def]
        destination = self.args[0] if len(self.args) == 1 and not self.kwargs else None
        if self.func_name != FORWARD or self.instance or not isinstance(destination, str):
            raise PermissionError("this queue only runs the job forward(destination)")
        return super().func


class WakeQueue:
    """Queues the jobs that drain destinations. redis: the server of RQ."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._keys = keys
        self._queue = Queue(keys.queue, connection=redis, serializer="json", job_class=ForwardJob)

    async def wake(self, destinations: Sequence[str]) -> int:
        """Queues a job for each of `destinations`, which the caller has marked as woken. Returns
        the milliseconds that the marks should live, as `lengthen_marks` takes them."""
        return await asyncio.to_thread(self._enqueue, destinations)

    async def wake_unmarked(self, events: AsyncRedis, destination: str) -> bool:
        """Marks `destination` and queues its job, unless one is queued or memory is full.

        events: the server of the events.
        """
        wake = self._keys.destination(destination).wake
        try:
            with memory_may_be_full():
                if not await events.set(wake, "1", nx=True, px=WAKE_MARK_MS):
                    return False
                mark_ms = await self.wake([destination])
            await lengthen_marks(events, [wake], mark_ms)
        except MemoryIsFullError:
            await events.delete(wake)
            return False
        return True

    def wake_later(self, destination: str, seconds: float) -> None:
        """Schedules a job for `destination` in `seconds` with RQ, in place of one scheduled before.
        If memory is full, the sweep will wake the destination."""
        with suppress(MemoryIsFullError), memory_may_be_full():
            self._queue.enqueue_in(
                timedelta(seconds=seconds),
                FORWARD,
                args=[destination],
                job_id=self._keys.later_job(destination),
                description=f"forward {destination} later",
                job_timeout=JOB_SECONDS,
                # no expiry: the job may schedule itself again and must outlive its first run
                result_ttl=-1,
                failure_ttl=-1,
            )

    def _enqueue(self, destinations: Sequence[str]) -> int:
        for destination in destinations:
            self._queue.enqueue_call(
                FORWARD,
                args=[destination],
                description=f"forward {destination}",
                timeout=JOB_SECONDS,
                result_ttl=60,
                failure_ttl=3600,
            )
        return max(WAKE_MARK_MS, min(MAX_MARK_MS, TURN_MS * self._queue.count))
