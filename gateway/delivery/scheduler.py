"""RQ's scheduler, which queues the jobs that are due later, as a process of its own."""

import logging

from rq.scheduler import RQScheduler

from gateway.delivery.wake import QUEUE
from gateway.processes import die_with_parent
from gateway.queue.connect import connect_for_jobs


def run_scheduler(redis_url: str) -> None:
    """Schedules until it is told to stop. Several may run; one at a time holds RQ's lock."""
    die_with_parent()
    scheduler = RQScheduler(
        [QUEUE],
        connection=connect_for_jobs(redis_url),
        serializer="json",
        logging_level=logging.WARNING,
    )
    scheduler.acquire_locks()  # type: ignore[no-untyped-call]
    scheduler.work()  # type: ignore[no-untyped-call]
