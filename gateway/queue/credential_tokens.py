"""Access tokens that all processes share, encrypted, and the lock under which one is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script

LOOK_SECONDS = 0.1
KEEP_SECONDS = 400 * 86_400
"""Longer than any refresh token lives."""


class CredentialTokens:
    """The stored token of the credential `name`. Raises what Redis raises."""

    def __init__(self, redis: Redis, keys: Keys, name: str) -> None:
        self._redis = redis
        self._token = f"{keys.credentials}{name}"
        self._lock = f"{self._token}:lock"
        self._holder = token_hex(8)
        self._write = redis.register_script(script("write_token"))
        self._take = redis.register_script(script("take_lock"))
        self._give_back = redis.register_script(script("give_back_lock"))

    async def read(self) -> bytes | None:
        found: Any = await self._redis.get(self._token)
        return found if found is None else bytes(found)

    async def write(self, sealed: bytes) -> None:
        await self._write([self._token], [sealed, KEEP_SECONDS])

    @asynccontextmanager
    async def locked(self, seconds: float) -> AsyncIterator[None]:
        """Waits for the lock and holds it within the `async with` block, `seconds` at most: it
        expires if the process is killed. Must not be called concurrently on one instance: it first
        gives back a lock that could not be given back because Redis was away."""
        await self._give_back([self._lock], [self._holder])
        while not await self._takes_lock(seconds):
            await asyncio.sleep(LOOK_SECONDS)
        try:
            yield
        finally:
            await self._give_back([self._lock], [self._holder])

    async def _takes_lock(self, seconds: float) -> bool:
        """Whether this process has the lock now. redis-py repeats a call whose answer was lost, and
        then the lock may be taken already."""
        if await self._take([self._lock], [self._holder, int(1000 * seconds)]):
            return True
        return bool(await self._redis.get(self._lock) == self._holder.encode())
