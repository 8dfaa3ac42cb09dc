"""Attempts to sign in to the console: how many are allowed, and how many were refused.

A stranger can use up the attempts of a network, of a name in a network, and those that all
strangers share. Somebody who has signed in from a network before does not need the shared ones.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script

KNOWN_SECONDS = 30 * 86_400
"""How long the gateway remembers that somebody has signed in from a network."""

NOTE_SECONDS = 600
COUNT_SECONDS = 86_400


class Pace(NamedTuple):
    """attempts: how many are allowed at once. seconds: until one more becomes available."""

    attempts: int
    seconds: int


NETWORK = Pace(20, 15)
NAME_IN_NETWORK = Pace(5, 60)
STRANGERS = Pace(60, 1)
"""For all networks together. It also bounds the number of keys that strangers can create."""


class ConsoleAttempts:
    """Counts and limits attempts. All methods raise a redis-py error when it is not certain what
    was done."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._prefix = keys.console
        self._take = redis.register_script(script("take_attempt"))
        self._write = redis.register_script(script("write_token"))
        self._count = redis.register_script(script("count_refusal"))

    async def take(self, name: str, network: str) -> float:
        """Takes an attempt to sign in as `name`. Returns the seconds to wait, 0 if it is allowed.

        network: an address, or the first address of a /64.
        """
        paces = {self._pace("network", network): NETWORK}
        paces[self._pace("name", name, network)] = NAME_IN_NETWORK
        if not await self._redis.exists(self._known(name, network)):
            paces[self._pace("strangers")] = STRANGERS
        numbers = [each for pace in paces.values() for each in (pace.attempts, 1000 * pace.seconds)]
        wait: Any = await self._take([*paces], numbers)
        return int(wait) / 1000

    async def succeeded(self, name: str, network: str) -> int:
        """Gives back the attempts of `name` in `network`, and remembers both. Returns how many
        refused attempts of this name no line of the log has counted."""
        await self._write([self._known(name, network)], [b"", KNOWN_SECONDS])
        await self._redis.delete(self._pace("name", name, network))
        refused: Any = await self._redis.getdel(self._of("refused", name))
        return int(refused or 0)

    async def refused(self, name: str) -> int:
        """Counts a refused attempt. Returns how many a line of the log has to count now; 0 if one
        was written less than `NOTE_SECONDS` ago.

        name: of a user; "" for all names that no user has.
        """
        keys = [self._of("refused", name), self._of("noted", name)]
        return int(await self._count(keys, [NOTE_SECONDS, COUNT_SECONDS]))

    def _pace(self, kind: str, *parts: str) -> str:
        return self._of(f"pace:{kind}", *parts)

    def _known(self, name: str, network: str) -> str:
        return self._of("known", name, network)

    def _of(self, kind: str, *parts: str) -> str:
        """A key. `parts` may have any length and content."""
        digest = sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]
        return f"{self._prefix}{kind}:{digest}"
