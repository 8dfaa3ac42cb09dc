"""Capacity: what Redis can still accept, checked every second.

Dead letters never close intake: `gateway.delivery.trim` removes those beyond their bounds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from gateway.queue.bounds import (
    ALL_MEMORY,
    HOLD,
    WITHDRAWALS,
    Bound,
    Closed,
    Limits,
    MemoryUsage,
    Usage,
    bounds_of,
)
from gateway.queue.keys import Keys
from gateway.queue.marks import count_keys, sum_counts, window_of
from gateway.redis_client.connect import info_of_nodes, is_cluster

log = logging.getLogger(__name__)

CALM_SECONDS = 60.0
"""How long a destination must not be full before the log says so: one that is drained at its limit
alternates between full and not full."""

UNMARKED = (
    "events of untrusted senders are accepted without a mark, so one that comes again is sent "
    "again; shorten `dedupe_window` or give Redis more memory"
)

_NAMES = {ALL_MEMORY: "the memory of Redis", HOLD: "held events", WITHDRAWALS: "withdrawals"}


async def read_bounds(redis: Redis, keys: Keys, limits: Limits) -> list[Bound]:
    """Every bound, and what is used of it. Those of memory, and those that are a share of it, are
    left out where the Redis user may not run INFO."""
    return bounds_of(await read_usage(redis, keys, limits), limits)


async def read_memory_usage(redis: Redis) -> MemoryUsage | None:
    """The memory that Redis uses; None if the Redis user may not run INFO."""
    try:
        told = await info_of_nodes(redis, "memory")
    except NoPermissionError:
        return None
    nodes = [
        MemoryUsage(
            each["used_memory"], each.get("maxmemory", 0), each.get("total_system_memory", 0)
        )
        for each in told
    ]
    return max(nodes, key=lambda node: (node.share, node.used))


async def read_usage(redis: Redis, keys: Keys, limits: Limits) -> Usage:
    """Reads what is used of everything that `limits` bounds."""
    memory = await read_memory_usage(redis)
    window, now = window_of(limits.window, is_cluster(redis)), time.time()
    pipeline = redis.pipeline(transaction=False)
    for name in limits.destinations:
        of = keys.destination(name)
        pipeline.xlen(of.stream)
        pipeline.hmget(of.counts, ["pending_bytes", "submitted", "submitted_bytes"])
        pipeline.mget(count_keys(of.seen, window, now))
    pipeline.hmget(keys.counts, ["held_events", "held_bytes"])
    if limits.withdrawals:
        pipeline.mget(count_keys(keys.withdrawn, limits.withdrawal_seconds, now))
    told: list[Any] = await pipeline.execute()
    pending, marks = {}, {}
    for place, name in enumerate(limits.destinations):
        events, sizes, counts = told[3 * place : 3 * place + 3]
        size, submitted, submitted_size = (int(each or 0) for each in sizes)
        pending[name] = events - submitted, max(0, size - submitted_size)
        marks[name] = sum_counts(counts)
    held, *withdrawn = told[3 * len(limits.destinations) :]
    events, size = (max(0, int(each or 0)) for each in held)
    return Usage(memory, pending, marks, (events, size), sum(map(sum_counts, withdrawn)))


class CapacityWatch:
    """Checks what is full, and logs when intake closes, to whom, and when it opens again."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._limits = limits
        self._clock = clock
        self._last_reached: dict[tuple[str, str], float] = {}
        self._knows_memory = True

    async def look(self) -> Closed:
        """What is closed now, and to whom."""
        usage = await read_usage(self._redis, self._keys, self._limits)
        if usage.memory is None and self._knows_memory:
            log.warning(
                "the Redis user is not allowed to run INFO, so intake cannot stop before the "
                "memory of Redis is full; add +info to its ACL"
            )
        self._knows_memory = usage.memory is not None
        bounds = bounds_of(usage, self._limits)
        self._tell(bounds)
        return Closed.by(bounds)

    def _tell(self, bounds: Sequence[Bound]) -> None:
        now = self._clock()
        for of, whom, words in _reached(Closed.by(bounds)):
            if (of, whom) not in self._last_reached:
                log.error("%s", words)
            self._last_reached[of, whom] = now
        for (of, whom), since in list(self._last_reached.items()):
            if now - since >= CALM_SECONDS:
                del self._last_reached[of, whom]
                log.warning("limit no longer reached for %s: %s", whom, _NAMES.get(of, of))


def _reached(closed: Closed) -> Iterator[tuple[str, str, str]]:
    """What each reached limit is about, for whom it is reached, and the line to log."""
    for trusted, senders in ((False, "untrusted senders"), (True, "trusted senders")):
        for of, reason in closed.to(trusted).items():
            yield of, senders, f"{reason}; {_consequence(of, senders)}"
    for of, reason in closed.unmarked.items():
        yield of, "marks of untrusted senders", f"{reason}; {UNMARKED}"


def _consequence(of: str, senders: str) -> str:
    if of == HOLD:
        return f"further events of {senders} are withheld instead of held"
    what = "denials of consent" if of == WITHDRAWALS else "events"
    return f"{what} of {senders} are refused (503)"
