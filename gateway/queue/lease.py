"""Leases: tell all processes which drains work on a destination.

A drain that is killed stops renewing its lease. When the lease has expired, other drains may claim
its entries. So the work of a dead process waits no longer than `LEASE_SECONDS`.
"""

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.scripts import script
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0

LATEST_MS = 120_000
"""A lease that ends later than this from now was taken before the clock of the server was set back,
perhaps by hours. It is ignored: a live drain takes it again within `RENEW_SECONDS`."""


class Lease:
    """The right of one drain, named `holder`, to work on a destination.

    most: how many drains may have one at once.
    """

    def __init__(self, redis: Redis, keys: DestinationKeys, holder: str, most: int) -> None:
        self.holder = holder
        self._redis = redis
        self._keys = keys
        self._most = most
        self._held_at = 0.0
        self._take = redis.register_script(script("take_lease"))
        self._others = redis.register_script(script("lease_holders"))

    async def take(self) -> bool:
        """Takes the lease and clears the wake mark. Returns False if enough drains hold a lease."""
        taken = await self._hold()
        await self._redis.delete(self._keys.wake)
        return taken

    async def keep(self, lost: Callable[[], None]) -> None:
        """Renews the lease repeatedly until it is cancelled, or until the lease is lost: to other
        drains, or because Redis has not answered for `LEASE_SECONDS`, so that others may take over.
        Then it calls `lost`."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                async with asyncio.timeout(max(RENEW_SECONDS, self._seconds_left())):
                    is_held = await self._hold()
            except (RedisError, TimeoutError) as error:
                log.warning("could not renew a lease: %s", type(error).__name__)
                is_held = self._seconds_left() > 0
            if not is_held:
                log.warning(
                    "lease lost after missed renewals; stopping, as another worker may take over"
                )
                lost()
                return

    async def others(self) -> set[bytes]:
        """The names of the consumers of the other drains at work."""
        holders: list[Any] = await self._others([self._keys.drains], [LATEST_MS])
        return set(holders) - {self.holder.encode()}

    async def release(self) -> None:
        """Gives up the lease, and deletes the consumer unless it has pending entries."""
        await self._redis.zrem(self._keys.drains, self.holder)
        await forget_consumers(self._redis, self._keys, idle_ms=0)

    async def _hold(self) -> bool:
        arguments: list[str | int] = [self.holder, self._most]
        arguments += [int(LEASE_SECONDS * 1000), LATEST_MS]
        asked_at = time.monotonic()
        held = await self._take([self._keys.drains], arguments)
        if held:
            self._held_at = asked_at
        return bool(held)

    def _seconds_left(self) -> float:
        """How long the lease lasts at least."""
        return self._held_at + LEASE_SECONDS - time.monotonic()


async def needs_drain(redis: Redis, keys: DestinationKeys, *unless: str) -> bool:
    """Whether a destination has events, no drain is at work on them, and it is not paused.

    unless: further keys of the destination that must not exist.
    """
    ask = redis.register_script(script("needs_drain"))
    return bool(await ask([keys.drains, keys.stream, keys.pause, *unless], [LATEST_MS]))


async def forget_consumers(redis: Redis, keys: DestinationKeys, idle_ms: int) -> None:
    """Deletes the group's consumers that hold no lease and no entry, and were idle for `idle_ms`.

    This is one atomic step, since deleting a consumer also removes its pending entries.
    """
    forget = redis.register_script(script("forget_consumers"))
    await forget([keys.stream, keys.drains], [GROUP, idle_ms])


def new_holder() -> str:
    """A name for a drain that no other drain has had."""
    return f"{platform.node()}.{os.getpid()}.{time.time_ns()}"
