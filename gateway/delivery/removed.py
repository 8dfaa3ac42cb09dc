"""Destinations that were removed from the configuration: what waits in Redis for them goes after a
time, as it would if they were still there. So does what waits for a ledger that was switched off.

Until then an operator who adds the destination again loses nothing. Its counters stay.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.settings import Settings
from gateway.delivery.release import GONE
from gateway.delivery.trim import bounds_of
from gateway.ledger.feeding import build_reporting
from gateway.queue.counting import BY_REMOVAL
from gateway.queue.entry import Entry
from gateway.queue.erasure import end_unanswered, pending_entries, withhold
from gateway.queue.feeds import Feeds
from gateway.queue.gateways import announced_destinations
from gateway.queue.keys import DestinationKeys, Keys
from gateway.queue.marks import WITHDRAWAL_SECONDS
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.remembered import remembered_with_events
from gateway.queue.settle import MAX_REMOVED, Settler
from gateway.queue.stored_events import StoreBounds
from gateway.queue.submitted import submitted_of

log = logging.getLogger(__name__)

PAGE = 1000
UNANSWERED = "the vendor accepted it; the destination was removed before the verdict was read"


async def forget_removed(redis: Redis, settings: Settings, now: float) -> None:
    """Withholds events that have waited for `WITHDRAWAL_SECONDS` for a destination that no gateway
    at work has, and ends as delivered those of them that its vendor has accepted. Removes its dead
    letters after the days that are the default. now: Unix seconds. Raises a redis-py error."""
    keys = Keys.of(settings)
    known = settings.destinations.keys() | await announced_destinations(redis, keys)
    for name in await remembered_with_events(redis, keys, known):
        of_name = keys.destination(name)
        withheld = 0
        async for page in _pages(old_entries(redis, of_name, now - WITHDRAWAL_SECONDS)):
            reporting = build_reporting(settings, name)
            ids = [entry.id for entry in page]
            taken = {each[0] for each in await submitted_of(redis, of_name, ids)}
            submitted = [entry for entry in page if entry.id in taken]
            waited = [entry for entry in page if entry.id not in taken]
            await end_unanswered(redis, of_name, submitted, UNANSWERED, reporting)
            await withhold(redis, of_name, waited, BY_REMOVAL, GONE.reason, reporting)
            withheld += len(waited)
        removed = await _trim(redis, of_name)
        if withheld or removed:
            log.warning(
                "%s is no longer configured: %d events that waited for it for %d days are withheld,"
                " and %d old dead letters are removed",
                *(name, withheld, WITHDRAWAL_SECONDS // 86_400, removed),
            )


async def forget_ledger(redis: Redis, settings: Settings, now: float) -> None:
    """Without a ledger, removes the records that have waited for it for `WITHDRAWAL_SECONDS`: they
    may say who the events are about, and `gateway erase` does not look there. They are counted as
    left out. now: Unix seconds. Raises a redis-py error."""
    if settings.has_ledger:
        return
    for feed in await Feeds(redis, Keys.of(settings), settings.destinations).all():
        if forgotten := await feed.forget(now - WITHDRAWAL_SECONDS):
            log.warning(
                "the ledger is switched off: %d records that waited for it for %d days are removed",
                *(forgotten, WITHDRAWAL_SECONDS // 86_400),
            )


async def old_entries(redis: Redis, keys: DestinationKeys, until: float) -> AsyncIterator[Entry]:
    """The entries of a stream that were added up to `until`, Unix seconds."""
    async for entry in pending_entries(redis, keys):
        if int(entry.id.split(b"-")[0]) > 1000 * until:
            return
        yield entry


async def _pages(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    page: list[Entry] = []
    async for entry in entries:
        page.append(entry)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


async def _trim(redis: Redis, keys: DestinationKeys) -> int:
    """How many dead letters were removed. Only their age counts: a bound of their number may have
    been set higher than the default."""
    bounds = StoreBounds(seconds=bounds_of(DeliverySettings()).seconds)
    settler, removed = Settler(redis, keys, PendingCounts(), bounds), 0
    while True:
        removed += (step := await settler.settle([]))
        if step < MAX_REMOVED:
            return removed
