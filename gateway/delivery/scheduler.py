"""RQ's scheduler, which queues the jobs that are due later, as a process of its own."""

import logging
import time

from rq.scheduler import RQScheduler

from gateway.delivery.memory import MemoryIsFullError, memory_may_be_full
from gateway.delivery.wake import QUEUE
from gateway.processes import die_with_parent
from gateway.queue.connect import connect_for_jobs

log = logging.getLogger(__name__)

FULL_SECONDS = 1.0
"""How long it rests when the memory of Redis is full, and nothing can be queued."""


def run_scheduler(redis_url: str) -> None:
    """Schedules until it is told to stop. Several may run; one at a time holds RQ's lock."""
    die_with_parent()
    scheduler = RQScheduler(
        [QUEUE],
        connection=connect_for_jobs(redis_url),
        serializer="json",
        logging_level=logging.WARNING,
    )
    was_full = False
    while not scheduler._stop_requested:
        try:
            with memory_may_be_full():
                scheduler.acquire_locks()  # type: ignore[no-untyped-call]
                scheduler.work()  # type: ignore[no-untyped-call]
        except MemoryIsFullError:
            if not was_full:
                log.warning("the memory of Redis is full: nothing can be scheduled")
            was_full = True
            time.sleep(FULL_SECONDS)
