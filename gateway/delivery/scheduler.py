"""The process of RQ's scheduler, which queues the jobs that are due later."""

import logging
import time

from rq import scheduler as rq_scheduler

from gateway.queue.keys import Keys
from gateway.queue.redis_full import MemoryIsFullError, memory_may_be_full
from gateway.queue.wake import ForwardJob
from gateway.redis_client.connect import connect_for_jobs
from gateway.system.processes import die_with_parent

log = logging.getLogger(__name__)

FULL_SECONDS = 1.0
"""How long it rests when the memory of Redis is full, and nothing can be queued."""


def run_scheduler(redis_url: str, keys: Keys) -> None:
    """Queues jobs in the queue of `keys` until it is stopped. Several schedulers may run; one at a
    time holds RQ's lock."""
    die_with_parent()
    rq_scheduler.Job = ForwardJob  # type: ignore[attr-defined]  # it takes no `job_class`
    scheduler = rq_scheduler.RQScheduler(
        [keys.queue],
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
                log.warning("the memory of Redis is full; no job can be scheduled")
            was_full = True
            time.sleep(FULL_SECONDS)
