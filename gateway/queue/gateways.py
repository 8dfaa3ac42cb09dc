"""Gateways that run in a namespace; each announces its destinations.

Gateways in one namespace share RQ's queue, the counters and held consent. So they must have the
same configuration, or two versions of it, one of which has all destinations of the other. A worker
that does not know a destination discards its jobs, and withholds what waits for consent there.

All processes of one configuration make one announcement: a member of a sorted set that expires
seconds after the last process has ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script

log = logging.getLogger(__name__)

ANNOUNCED_SECONDS = 5.0
"""How long an announcement lives. It is renewed every second."""

CONFLICT_SECONDS = 30.0
"""How long a conflict must last to be logged. While the configuration changes, a gateway conflicts
for a moment with its own processes that still have the old one."""

LOOK_SECONDS = 0.25


class NamespaceTaken(Exception):
    """A gateway with conflicting destinations is at work in the namespace; the text says what to
    do."""


class Announcer:
    """Announces one gateway, which has `destinations`, in the namespace of `keys`."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        destinations: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._script = redis.register_script(script("announce"))
        self._keys = keys
        self._names = sorted(destinations)
        self._clock = clock
        self._since: dict[str, float] = {}
        self._logged: set[str] = set()

    async def enter(self) -> None:
        """Announces a gateway that starts. Raises `NamespaceTaken` when one with conflicting
        destinations is running, so that neither has all destinations of the other.

        A gateway that has just ended is still announced, so this waits until each conflicting
        announcement has expired or is renewed. Raises a redis-py error when Redis does not answer.
        """
        left: dict[str, float] = {}
        while conflicts := await self._announce(if_alone=True):
            for others, seconds in conflicts.items():
                if seconds > left.get(others, ANNOUNCED_SECONDS):
                    raise NamespaceTaken(self._conflict_with(others))
            left = conflicts
            await asyncio.sleep(LOOK_SECONDS)

    async def renew(self) -> None:
        """Announces the gateway for the next seconds, and logs a lasting conflict once: the
        configuration of a gateway may change while it runs. Raises a redis-py error."""
        conflicts, now = await self._announce(if_alone=False), self._clock()
        self._since = {others: self._since.get(others, now) for others in conflicts}
        self._logged &= set(conflicts)
        for others, since in self._since.items():
            if now - since >= CONFLICT_SECONDS and others not in self._logged:
                self._logged.add(others)
                log.error("%s", self._conflict_with(others))

    async def _announce(self, if_alone: bool) -> dict[str, float]:
        """The conflicting destinations, and the seconds for which they are announced."""
        arguments: list[bytes | int] = [
            orjson.dumps(self._names),
            int(1000 * ANNOUNCED_SECONDS),
            int(if_alone),
        ]
        rows = await self._script([self._keys.gateways], arguments)
        return {", ".join(orjson.loads(names)): ms / 1000 for names, ms in rows}

    def _conflict_with(self, others: str) -> str:
        return (
            f"another gateway with other destinations is running in the namespace "
            f"{self._keys.namespace!r} of this Redis. It has {others}; this one has "
            f"{', '.join(self._names)}. Gateways in one namespace share their jobs and counters, "
            "and each would discard the jobs and counters that it does not know. Give one of them "
            "a namespace of its "
            "own, such as `redis.namespace: staging`. If this is a new configuration of the same "
            "gateway, stop its other processes first, or change it in two steps: add "
            "destinations, then remove others."
        )


async def announced_destinations(redis: Redis, keys: Keys) -> set[str]:
    """The destinations of all gateways that ran in the last seconds. Raises a redis-py error."""
    rows: Any = await redis.zrange(keys.gateways, 0, -1)
    return {name for row in rows for name in orjson.loads(row)}
