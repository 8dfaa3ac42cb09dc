"""Trim: keeps dead letters within their limits, and logs what was removed.

A drain keeps the bounds in the step that adds a dead letter. The sweep does it too: dead letters
become too old without a drain, and a configuration may lower a bound. It alone sees to it that dead
letters never fill the memory of Redis, which would shut intake for everybody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.queue.bounds import MemoryUsage
from gateway.queue.dead_letters import REMOVED, read_removed
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.settle import MAX_REMOVED, Bounds, Settler

log = logging.getLogger(__name__)

MAX_STEPS = 20
"""Steps of at most `MAX_REMOVED` dead letters in one look at a destination."""

LOG_SECONDS = 60.0
"""The shortest time between two messages about one destination."""

SCARCE_SHARE = 0.6
"""Of the memory: above it dead letters get less than is configured, so that intake stays open."""

DEAD_LETTER_SHARE = 0.2
"""Of the memory: what the dead letters of all destinations may take then, each equally much."""

SETTINGS = {
    "count": "max_dead_letters",
    "bytes": "max_dead_letter_bytes",
    "age": "max_dead_letter_days",
}
"""The setting behind each reason for which dead letters are removed."""


def bounds_of(settings: DeliverySettings) -> Bounds:
    """The bounds of a destination's dead letters, as configured."""
    return Bounds(
        settings.max_dead_letters,
        settings.max_dead_letter_bytes,
        86_400 * settings.max_dead_letter_days,
    )


def within_memory(bounds: Bounds, memory: MemoryUsage | None, destinations: int) -> Bounds:
    """`bounds`, narrower while `memory` is scarce. destinations: how many share it."""
    if memory is None or memory.share <= SCARCE_SHARE:
        return bounds
    fair = int(DEAD_LETTER_SHARE * memory.limit / destinations)
    return replace(bounds, size=min(bounds.size, fair))


class Trimmer:
    """Trims the dead letters of `destinations`, and tells the log what this or a drain removed.

    clock: seconds that never go back.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        destinations: Mapping[str, DeliverySettings],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._destinations = destinations
        self._told: dict[str, tuple[float, Mapping[str, int]]] = {}

    async def trim(self, name: str, memory: MemoryUsage | None) -> None:
        """Removes dead letters of the destination `name` that are beyond their bounds; what is
        left after `MAX_STEPS` is for the next time."""
        configured = bounds_of(self._destinations[name])
        bounds = within_memory(configured, memory, len(self._destinations))
        settler = Settler(self._redis, self._keys.destination(name), PendingCounts(), bounds)
        for _ in range(MAX_STEPS):
            if await settler.settle([]) < MAX_REMOVED:
                break
        await self._tell(name)

    async def _tell(self, name: str) -> None:
        """Says what was removed since the last time that it was said, once a minute at most."""
        removed = await read_removed(self._redis, self._keys.destination(name))
        now = self._clock()
        told_at, told = self._told.setdefault(name, (now - LOG_SECONDS, removed))
        more = {reason: removed[reason] - told[reason] for reason in REMOVED}
        if now - told_at < LOG_SECONDS or not any(more.values()):
            return
        self._told[name] = now, removed
        log.log(
            logging.ERROR if more["count"] or more["bytes"] else logging.WARNING,
            "dead letters of %s were removed, and their events are lost: %s. "
            "Run `gateway dead-letters list --destination %s` to see what fails; "
            "fix it and replay or drop them, or raise the limit",
            name,
            ", ".join(f"{n} beyond delivery.{SETTINGS[r]}" for r, n in more.items() if n),
            name,
        )
