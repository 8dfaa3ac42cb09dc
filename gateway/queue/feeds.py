"""The feeds of a gateway: one, or on a cluster one for each destination and the gateway's own.

On a cluster no step can write to two slots, and a record is written in the step that it describes.
So the feed of a destination, in its slot, has what was decided for this destination and how that
ended, also for withheld events, which are counted there. An event has a record in the feed of each
destination. The gateway's own feed has the events without any destination.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis

from gateway.queue.feed import Feed
from gateway.queue.keys import Keys
from gateway.redis_client.connect import is_cluster

POLL_SECONDS = 0.05


class Feeds:
    """All feeds that may have records, also of destinations that are no longer configured.

    destinations: those in the configuration.
    """

    def __init__(self, redis: Redis, keys: Keys, destinations: Iterable[str]) -> None:
        self._redis = redis
        self._keys = keys
        self._destinations = list(destinations)
        self._is_cluster = is_cluster(redis)
        self._known: dict[str, Feed] = {"": Feed(redis, keys)}

    async def announce(self) -> None:
        """Makes the feeds of these destinations known, so that they are read even after the
        destinations were removed from the configuration."""
        if self._is_cluster and self._destinations:
            await self._redis.sadd(self._keys.feeds, *self._destinations)

    async def all(self) -> list[Feed]:
        if self._is_cluster:
            announced: Any = await self._redis.smembers(self._keys.feeds)
            for name in (*self._destinations, *(each.decode() for each in announced)):
                if name not in self._known:
                    self._known[name] = Feed(self._redis, self._keys, name)
        return [*self._known.values()]

    async def are_stored(self, seconds: float) -> bool:
        """Waits up to `seconds` until the ledger has stored what the feeds hold now. Returns
        whether it has."""
        newest = [(feed, await feed.newest_id()) for feed in await self.all()]
        deadline = time.monotonic() + seconds
        for feed, record_id in newest:
            while record_id and await feed.has_before(record_id):
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(POLL_SECONDS)
        return True
