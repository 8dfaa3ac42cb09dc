"""Cleans up after destinations that were removed from the configuration: after a time, their
pending events are withheld and their dead letters removed. The records for a ledger that was
switched off are removed, too.

Until then, an operator who adds the destination again loses nothing. Its counters are kept.
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
from gateway.queue.remembered import last_configured, remembered_with_events
from gateway.queue.settle import MAX_REMOVED, Settler
from gateway.queue.stored_events import StoreBounds
from gateway.queue.submitted import submitted_of

log = logging.getLogger(__name__)

PAGE = 1000
UNANSWERED = "the vendor accepted it; the destination was removed before the verdict was read"


async def forget_removed(redis: Redis, settings: Settings, now: float) -> None:
    """Ends the events that have waited `WITHDRAWAL_SECONDS` for a destination that no running
    gateway has had for as long: as delivered if the vendor has accepted them, otherwise as
    withheld. Removes dead letters of such a destination that are older than the default limit. now:
    Unix seconds. Raises a redis-py error."""
    keys = Keys.of(settings)
    known = settings.destinations.keys() | await announced_destinations(redis, keys)
    for name in await remembered_with_events(redis, keys, known):
        of_name = keys.destination(name)
        withheld, until = 0, now - WITHDRAWAL_SECONDS
        if await last_configured(redis, keys, name) > until:
            until = 0.0  # it may be added again
        async for page in _pages(old_entries(redis, of_name, until)):
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
    """Without a ledger, removes feed records that are older than `WITHDRAWAL_SECONDS`: they may
    identify persons, and `gateway erase` does not search them. They are counted as left out. now:
    Unix seconds. Raises a redis-py error."""
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
    """Removes dead letters that are too old and returns their number. Other limits do not apply:
    they may have been configured higher than the default."""
    bounds = StoreBounds(seconds=bounds_of(DeliverySettings()).seconds)
    settler, removed = Settler(redis, keys, PendingCounts(), bounds), 0
    while True:
        removed += (step := await settler.settle([]))
        if step < MAX_REMOVED:
            return removed
