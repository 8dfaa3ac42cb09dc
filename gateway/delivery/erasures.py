"""Erasures: a drain does not send the events of a person who was erased while it held them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from redis.asyncio import Redis

from gateway.queue.entry import Entry
from gateway.queue.feed import Digests
from gateway.queue.keys import Keys
from gateway.queue.tombstones import Tombstones, read_tombstones
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often a drain reads the tombstones."""

BLIND_SECONDS = 4.0
"""How long a drain goes on after it last read the tombstones. `gateway erase` waits longer before
it removes events."""


class Erasures:
    """The tombstones that a drain knows. digests: the lookup digests of an event."""

    def __init__(self, redis: Redis, keys: Keys, digests: Digests) -> None:
        self._redis = redis
        self._keys = keys
        self._digests = digests
        self._tombstones = Tombstones()
        self._looked_at = 0.0

    async def look(self) -> None:
        """Reads the tombstones. Raises what Redis raised."""
        asked_at = time.monotonic()
        self._tombstones = await read_tombstones(self._redis, self._keys)
        self._looked_at = asked_at

    async def keep_looking(self, blind: Callable[[], None]) -> None:
        """Reads the tombstones every `LOOK_SECONDS` until cancelled. If Redis fails, or has not
        answered for `BLIND_SECONDS`, calls `blind` and returns."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            left = self._looked_at + BLIND_SECONDS - time.monotonic()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await self.look()
            except (RedisError, TimeoutError) as error:
                log.warning("cannot read what was erased: %s", type(error).__name__)
                blind()
                return

    def cover(self, entry: Entry) -> bool:
        """Whether `entry` is about a person who was erased after it came in."""
        if not self._tombstones:
            return False
        names = (entry.receipt, *self._digests(entry.event))
        return self._tombstones.cover(names, entry.received_at)
