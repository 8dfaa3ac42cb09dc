"""Held consent: withholds events when their visitor has not answered in time.

The events are not read, since that requires the token of their page. Their destinations and the
time of receipt are stored unencrypted with them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing

from gateway.configuration.settings import Settings
from gateway.ledger.feeding import build_feeding
from gateway.queue.append import Appender
from gateway.queue.counting import reason_of
from gateway.queue.feed import encode_unanswered
from gateway.queue.held_consent import MAX_PAGES, HeldPage, due_pages, read_page
from gateway.queue.held_event import decode_held
from gateway.queue.held_release import Release, Undecided, Waited
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import RedisError, connect_for_jobs, connect_for_work
from gateway.redis_client.schemes import names_cluster

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
NO_ANSWER = "the visitor gave no answer in time"


async def end_unanswered_forever(settings: Settings, redis_url: str) -> None:
    """Withholds every second the events that have been held long enough, until cancelled; waits
    while Redis is away.

    Runs even if the configuration holds nothing: events held under an earlier one must end.
    """
    hold = settings.consent.hold
    if names_cluster(redis_url):
        return  # a cluster holds no events
    keys = Keys.of(settings)
    wake_queue = WakeQueue(connect_for_jobs(settings.redis.jobs_at(redis_url)), keys)
    feeding = build_feeding(settings)
    async with aclosing(connect_for_work(redis_url)) as redis:
        appender = Appender(redis, keys, PendingCounts(), wake_queue.wake, feeding=feeding)
        while True:
            try:
                pages = await due_pages(redis, keys)
                seconds = hold.seconds if hold else 0
                ended = []
                for page in pages:
                    held_page = await read_page(redis, keys, page)
                    ended.append(await end_unanswered(held_page, appender, seconds, time.time()))
                if len(pages) == MAX_PAGES and any(ended):
                    continue
            except RedisError as error:
                log.warning("held events wait until Redis answers: %s", type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)


async def end_unanswered(
    held_page: HeldPage, appender: Appender, seconds: float, now: float
) -> bool:
    """Withholds the oldest events of a page that have been held for `seconds`, and notes when the
    next one is due; False if nothing is held, or if another process changed it meanwhile."""
    if not held_page.events:
        return False
    waited: list[Waited] = []
    ended: list[tuple[str, Sequence[str]]] = []
    count, due = 0, 0.0
    for held in map(decode_held, held_page.events):
        due = held.received_at + seconds
        if due > now:
            break
        waited += held.waited
        ended.append((held.receipt, held.destinations))
        count += 1
    taken = Release(held_page.page, held_page.events[0], count, due, held_page.said)
    record = encode_unanswered(ended, NO_ANSWER, now)
    undecided = Undecided(waited, reason_of("hold", "no answer"), record)
    return await appender.release([], [], taken, undecided)
