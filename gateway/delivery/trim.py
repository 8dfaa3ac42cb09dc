"""Trim: keeps dead letters and the quarantine within their limits, and logs what was removed.

A drain enforces the limits in the step that adds a dead letter. The sweep enforces them too: dead
letters also become too old without a drain, and a configuration may lower a limit. Only the sweep
keeps dead letters and the quarantine from filling the memory of Redis, which would close intake for
all senders.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.queue import quarantine
from gateway.queue.bounds import MemoryUsage
from gateway.queue.dead_letters import REMOVED, read_removed
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.settle import MAX_REMOVED, Settler
from gateway.queue.stored_events import StoreBounds

log = logging.getLogger(__name__)

MAX_STEPS = 20
"""Most steps, of `MAX_REMOVED` events each, for a destination or the quarantine at a time."""

LOG_SECONDS = 60.0
"""The shortest time between two messages about a destination or the quarantine."""

SCARCE_SHARE = 0.6
"""Share of the memory in use above which dead letters and the quarantine are limited further, so
that intake stays open."""

DEAD_LETTER_SHARE = 0.2
"""Share of the memory that the dead letters of all destinations may use then, in equal parts."""

QUARANTINE_SHARE = 0.05
"""Share of the memory that the quarantine may use then."""

SETTINGS = {
    "count": "max_dead_letters",
    "bytes": "max_dead_letter_bytes",
    "age": "max_dead_letter_days",
}
"""The setting behind each reason for which dead letters are removed."""

_SHARE = f"their share of Redis's memory, of which more than {100 * SCARCE_SHARE:.0f} % is used"

_BEYOND = {
    "count": f"beyond {quarantine.BOUNDS.letters} events",
    "bytes": "beyond the bytes that it may take",
    "age": f"older than {quarantine.BOUNDS.seconds / 86_400:.0f} days",
}


def bounds_of(settings: DeliverySettings) -> StoreBounds:
    """The bounds of a destination's dead letters, as configured."""
    return StoreBounds(
        settings.max_dead_letters,
        settings.max_dead_letter_bytes,
        86_400 * settings.max_dead_letter_days,
    )


def within_memory(
    bounds: StoreBounds, memory: MemoryUsage | None, destinations: int
) -> StoreBounds:
    """`bounds`, narrower while `memory` is scarce. destinations: how many share the memory."""
    return _within(bounds, memory, DEAD_LETTER_SHARE / destinations)


def _within(bounds: StoreBounds, memory: MemoryUsage | None, share: float) -> StoreBounds:
    if memory is None or memory.share <= SCARCE_SHARE:
        return bounds
    return replace(bounds, size=min(bounds.size, int(share * memory.limit)))


class _Told:
    """The numbers of removed events that were logged, by destination. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, Mapping[str, int]]] = {}

    def more(self, name: str, removed: Mapping[str, int]) -> Mapping[str, int]:
        """How many events of `name` were removed for each reason and are to be logged now: at most
        once a minute, otherwise empty. removed: the total so far."""
        now = self._clock()
        told_at, told = self._told.setdefault(name, (now - LOG_SECONDS, removed))
        more = {reason: removed[reason] - told[reason] for reason in REMOVED}
        if now - told_at < LOG_SECONDS or not any(more.values()):
            return {}
        self._told[name] = now, removed
        return more


class Trimmer:
    """Trims the dead letters of `destinations`, and logs how many it or a drain removed.

    clock: monotonic seconds.
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
        self._destinations = destinations
        self._clock = clock
        self._told = _Told(clock)
        self._narrowed: dict[str, float] = {}
        """When memory last narrowed the bounds of a destination."""

    async def trim(self, name: str, memory: MemoryUsage | None) -> None:
        """Removes dead letters of the destination `name` that are beyond their bounds, in at most
        `MAX_STEPS` steps; the next call removes the rest."""
        configured = bounds_of(self._destinations[name])
        bounds = within_memory(configured, memory, len(self._destinations))
        settler = Settler(self._redis, self._keys.destination(name), PendingCounts(), bounds)
        if bounds != configured:
            self._narrowed[name] = self._clock()
        for _ in range(MAX_STEPS):
            if await settler.settle([]) < MAX_REMOVED:
                break
        await self._tell(name)

    async def _tell(self, name: str) -> None:
        removed = await read_removed(self._redis, self._keys.destination(name))
        more = self._told.more(name, removed)
        if not more:
            return
        beyond = {reason: f"delivery.{setting}" for reason, setting in SETTINGS.items()}
        remedy = "raise the limit"
        if more["bytes"] and self._lacked_memory(name):
            beyond["bytes"], remedy = _SHARE, "give Redis more memory"
        log.log(
            logging.ERROR if more["count"] or more["bytes"] else logging.WARNING,
            "dead letters of %s were removed, and their events are lost: %s. "
            "Run `gateway dead-letters list --destination %s` to see what fails; "
            "fix it and replay or drop them, or %s",
            name,
            ", ".join(f"{n} beyond {beyond[reason]}" for reason, n in more.items() if n),
            name,
            remedy,
        )

    def _lacked_memory(self, name: str) -> bool:
        """Whether memory narrowed the bounds of `name` when the events to be logged were removed,
        by this process or another one. Up to `LOG_SECONDS` pass until they are logged."""
        return self._clock() - self._narrowed.get(name, -inf) <= 2 * LOG_SECONDS


class QuarantineTrimmer:
    """Trims the quarantine, and logs how many events were removed. clock: monotonic seconds."""

    def __init__(
        self, redis: Redis, keys: Keys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._told = _Told(clock)

    async def trim(self, memory: MemoryUsage | None) -> None:
        """Removes events beyond the bounds, in at most `MAX_STEPS` steps; the next call removes the
        rest. Raises a redis-py error."""
        bounds = _within(quarantine.BOUNDS, memory, QUARANTINE_SHARE)
        for _ in range(MAX_STEPS):
            if await quarantine.trim(self._redis, self._keys, bounds) < MAX_REMOVED:
                break
        more = self._told.more("", await quarantine.read_removed(self._redis, self._keys))
        if more:
            log.warning(
                "events were removed from the quarantine, and stay withheld: %s. "
                "Run `gateway quarantine list` to see why events are there; correct the schema or "
                "the sender, and release or drop them",
                ", ".join(f"{n} {_BEYOND[reason]}" for reason, n in more.items() if n),
            )
