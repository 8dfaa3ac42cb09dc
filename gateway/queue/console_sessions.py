"""Sessions of the console and one-time links to it. Only digests of their tokens are stored.

Everything here is written even when memory is full: then operators need the console most.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script

IDLE_SECONDS = 4 * 3600
"""A session ends after so long without a request."""

LINK_SECONDS = 15 * 60

MAX_SESSION_SECONDS = 720 * 3600
"""The longest `console.session_hours`."""

_is_token = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


def new_token() -> str:
    """256 random bits, in 43 characters that need no escaping in URLs and cookies."""
    return secrets.token_urlsafe(32)


class ConsoleSessions:
    """Starts, reads and ends sessions and links. All methods raise a redis-py error when it is not
    certain what was done."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._prefix = keys.console
        self._start = redis.register_script(script("start_session"))
        self._read = redis.register_script(script("read_session"))
        self._end_all = redis.register_script(script("end_sessions"))
        self._claim = redis.register_script(script("take_lock"))

    async def start(self, data: bytes, seconds: int) -> str:
        """Starts a session with `data` that ends after `seconds`, and returns its token."""
        return await self._store("session", data, seconds)

    async def read(self, token: str) -> bytes | None:
        """The data of a session, None if there is none or it has ended. Extends the session."""
        if not _is_token(token):
            return None
        names = [self._key("session", token), self._ended]
        found: Any = await self._read(names, [1000 * IDLE_SECONDS])
        return None if found is None else bytes(found)

    async def end(self, token: str) -> None:
        if _is_token(token):
            await self._redis.delete(self._key("session", token))

    async def end_all(self) -> None:
        """Ends every session and every link that was made until now."""
        await self._end_all([self._ended], [MAX_SESSION_SECONDS])

    async def make_link(self) -> str:
        """Makes a link that can be used once within `LINK_SECONDS`, and returns its token."""
        return await self._store("link", b"", LINK_SECONDS)

    async def use_link(self, token: str) -> bool:
        """Uses up a link. Returns whether it existed; of concurrent requests only one gets True."""
        if not _is_token(token):
            return False
        link = self._key("link", token)
        found: Any = await self._read([link, self._ended], [1000 * LINK_SECONDS])
        return found is not None and bool(await self._redis.delete(link))

    async def claim(self, name: str, seconds: int) -> bool:
        """Claims `name` for `seconds`. Returns False if it was claimed before."""
        return bool(await self._claim([self._key("once", name)], [b"", 1000 * seconds]))

    async def _store(self, kind: str, data: bytes, seconds: int) -> str:
        token = new_token()
        times = [1000 * seconds, 1000 * IDLE_SECONDS]
        await self._start([self._key(kind, token)], [data, *times])
        return token

    @property
    def _ended(self) -> str:
        return f"{self._prefix}ended"

    def _key(self, kind: str, token: str) -> str:
        return f"{self._prefix}{kind}:{sha256(token.encode()).hexdigest()}"
