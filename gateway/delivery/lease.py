"""Leases: which drains are at work on a destination, known to all processes.

A drain that is killed stops renewing its lease; when it has run out, what the drain held may be
taken over. So nobody waits longer than `LEASE_SECONDS` for the work of a dead process.
"""

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis

from gateway.queue.connect import RedisError
from gateway.queue.keys import GROUP, DestinationKeys

log = logging.getLogger(__name__)

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.0

_TAKE = """#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == false
  and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 1
"""

_OTHERS = """#!lua flags=no-writes,allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
"""

_LEFT_ALONE = """#!lua flags=no-writes,allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local busy = redis.call('EXISTS', unpack(KEYS, 3)) > 0
return not busy and redis.call('ZCOUNT', KEYS[1], now, '+inf') == 0
  and redis.call('XLEN', KEYS[2]) > 0
"""

_FORGET = """#!lua flags=allow-oom
local rows = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if rows.err then
  return  -- nothing was sent there yet
end
for _, row in ipairs(rows) do
  local consumer = {}
  for i = 1, #row, 2 do
    consumer[row[i]] = row[i + 1]
  end
  if consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2])
    and redis.call('ZSCORE', KEYS[2], consumer.name) == false then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
  end
end
"""


class Lease:
    """The right of one drain, named `holder`, to work on `destination`."""

    def __init__(self, redis: Redis, destination: str, holder: str, most: int) -> None:
        self.holder = holder
        self._redis, self._most = redis, most
        self._keys = DestinationKeys.of(destination)
        self._take = redis.register_script(_TAKE)
        self._others = redis.register_script(_OTHERS)

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
                    log.warning("a drain was not heard of for too long, and ends: others took over")
                    lost()
                    return
            except RedisError as error:
                log.warning("cannot renew a lease: %s", type(error).__name__)

    async def others(self) -> set[bytes]:
        """The other drains at work, as the names of their consumers."""
        holders: list[Any] = await self._others([self._keys.drains])
        return set(holders) - {self.holder.encode()}

    async def release(self) -> None:
        """Gives the lease up, and the consumer too unless entries are pending under its name."""
        await self._redis.zrem(self._keys.drains, self.holder)
        await forget_consumers(self._redis, self._keys, idle_ms=0)

    async def _hold(self) -> bool:
        held = await self._take(
            [self._keys.drains], [self.holder, self._most, int(LEASE_SECONDS * 1000)]
        )
        return bool(held)


async def is_left_alone(redis: Redis, keys: DestinationKeys, *unless: str) -> bool:
    """Whether a destination has events, no drain is at work on them, and it is not paused.

    By the clock of the server that has them. unless: keys of it that must not be there either.
    """
    left_alone = redis.register_script(_LEFT_ALONE)
    return bool(await left_alone([keys.drains, keys.stream, keys.pause, *unless]))


async def forget_consumers(redis: Redis, keys: DestinationKeys, idle_ms: int) -> None:
    """Deletes the group's consumers that hold no lease, no entry, and were idle for `idle_ms`.

    One atomic step: a consumer that is deleted with entries would take them with it.
    """
    await redis.register_script(_FORGET)([keys.stream, keys.drains], [GROUP, idle_ms])


def new_holder() -> str:
    """A name for a drain that no other one has had."""
    return f"{platform.node()}.{os.getpid()}.{time.time_ns()}"
