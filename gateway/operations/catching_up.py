"""Waiting for the ledger."""

from __future__ import annotations

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.operations.stopped import Stopped
from gateway.queue.feeds import Feeds
from gateway.queue.keys import Keys

CATCH_UP_SECONDS = 60.0


async def wait_until_stored(redis: Redis, settings: Settings) -> None:
    """Returns once the ledger has stored all that has happened up to now. Raises `Stopped` when
    that takes longer than `CATCH_UP_SECONDS`."""
    feeds = Feeds(redis, Keys.of(settings), settings.destinations)
    if not await feeds.are_stored(CATCH_UP_SECONDS):
        raise Stopped(
            f"the ledger has not stored what happened in the last {CATCH_UP_SECONDS:.0f} seconds; "
            "the log of `gateway run` says why"
        )
