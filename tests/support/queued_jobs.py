"""Working off RQ's queue in the process of a test."""

from __future__ import annotations

from redis import Redis
from rq import SimpleWorker

from gateway.queue.wake import ForwardJob
from tests.support.keys import KEYS


class _Worker(SimpleWorker):
    def subscribe(self) -> None:
        """Does not listen to commands: redis-py 8.2 may take a minute to end the thread for it."""


def work_off_jobs(redis: Redis) -> None:
    """Runs the queued jobs as `gateway.delivery.job.ForwardWorker` does, in this process."""
    worker = _Worker([KEYS.queue], connection=redis, serializer="json", job_class=ForwardJob)
    worker.work(burst=True, logging_level="CRITICAL")
