"""Leases: tell all processes which drains work on a destination.

A drain that is killed stops renewing its lease; when it has run out, what the drain held may be
taken over. So the work of a dead process waits no longer than `LEASE_SECONDS`.
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
perhaps by hours. It counts no more: a drain that is alive takes it again within `RENEW_SECONDS`."""


class Lease:
    """The right of one drain, named `holder`, to work on a destination.

    most: how many drains may have one at once.
    """

    def __init__(self, redis: Redis, keys: DestinationKeys, holder: str, most: int) -> None:
        self.holder = holder
        self._redis = redis
        self._keys = keys
        self._most = most
        self._take = redis.register_script(script("take_lease"))
        self._others = redis.register_script(script("lease_holders"))

    async def take(self) -> bool:
        """Takes the lease and clears the wake mark; False if enough drains hold one."""
        taken = await self._hold()
        await self._redis.delete(self._keys.wake)
        return taken

    async def keep(self, lost: Callable[[], None]) -> None:
        """Renews the lease again and again, until cancelled, or until it is lost to other drains:
        then it calls `lost`."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                if not await self._hold():
                    log.warning(
                        "lease lost after missed renewals; stopping, another worker has taken over"
                    )
                    lost()
                    return
            except RedisError as error:
                log.warning("could not renew a lease: %s", type(error).__name__)

    async def others(self) -> set[bytes]:
        """The other drains at work, as the names of their consumers."""
        holders: list[Any] = await self._others([self._keys.drains], [LATEST_MS])
        return set(holders) - {self.holder.encode()}

    async def release(self) -> None:
        """Gives the lease up, and the consumer too unless entries are pending under its name."""
        await self._redis.zrem(self._keys.drains, self.holder)
        await forget_consumers(self._redis, self._keys, idle_ms=0)

    async def _hold(self) -> bool:
        arguments: list[str | int] = [self.holder, self._most]
        arguments += [int(LEASE_SECONDS * 1000), LATEST_MS]
        held = await self._take([self._keys.drains], arguments)
        return bool(held)


async def needs_drain(redis: Redis, keys: DestinationKeys, *unless: str) -> bool:
    """Whether a destination has events, no drain is at work on them, and it is not paused.

    By the clock of the server that has them. unless: keys of it that must not exist either.
    """
    ask = redis.register_script(script("needs_drain"))
    return bool(await ask([keys.drains, keys.stream, keys.pause, *unless], [LATEST_MS]))


async def forget_consumers(redis: Redis, keys: DestinationKeys, idle_ms: int) -> None:
    """Deletes the group's consumers that hold no lease, no entry, and were idle for `idle_ms`.

    One atomic step: a consumer that is deleted with entries would take them with it.
    """
    forget = redis.register_script(script("forget_consumers"))
    await forget([keys.stream, keys.drains], [GROUP, idle_ms])


def new_holder() -> str:
    """A name for a drain that no other one has had."""
    return f"{platform.node()}.{os.getpid()}.{time.time_ns()}"
