"""Room: whether Redis can take more events, looked at now and then.

Intake is shut before memory is full. A full Redis still lets streams be drained, but RQ can
neither end nor start a job in it, and counters could not be written.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from gateway.queue.connect import info_of_nodes
from gateway.queue.keys import DestinationKeys

log = logging.getLogger(__name__)

MEMORY_SHARE = 0.9
"""Of ``maxmemory``: above it no events are taken."""

CALM_SECONDS = 60.0
"""A destination that is drained at its limit is full and not full by turns. For the log that is
over once it has had room for so long."""


class Full(Exception):
    """No more events are taken now; the text says what is full."""


class Limits(Protocol):
    """How many events of a destination may be pending, and how many dead letters are kept."""

    @property
    def max_pending(self) -> int: ...

    @property
    def max_dead_letters(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """Of Redis, in bytes. used: now. limit: above it no events are taken, 0 when there is none.

    Of a cluster it is that of the node that is nearest to its limit.
    """

    used: int
    limit: int

    @property
    def is_full(self) -> bool:
        return self.share > 1

    @property
    def share(self) -> float:
        """Of the limit that is in use; 0 without one."""
        return self.used / self.limit if self.limit else 0.0


Lengths = tuple[int, int]
"""How many events of a destination are pending, and how many dead letters it has."""


async def what_is_full(redis: Redis, limits: Mapping[str, Limits]) -> Mapping[str, str]:
    """What has reached its limit, in words, by the name of the destination; "" is all of them.

    Where Redis does not tell this user how much memory it has, memory is left out.
    """
    return full_of(await read_memory(redis), await read_lengths(redis, limits), limits)


async def read_memory(redis: Redis) -> Memory | None:
    """None where the user may not ask: INFO is not among the commands that all ACLs allow."""
    try:
        told = await info_of_nodes(redis, "memory")
    except NoPermissionError:
        return None
    nodes = [
        Memory(each["used_memory"], int(each.get("maxmemory", 0) * MEMORY_SHARE)) for each in told
    ]
    return max(nodes, key=lambda node: (node.share, node.used))


async def read_lengths(redis: Redis, destinations: Iterable[str]) -> Mapping[str, Lengths]:
    """The lengths of each of `destinations`, by its name."""
    names = list(destinations)
    if not names:
        return {}
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        keys = DestinationKeys.of(name)
        pipeline.xlen(keys.stream)
        pipeline.xlen(keys.dead)
    lengths = iter(await pipeline.execute())
    return dict(zip(names, zip(lengths, lengths, strict=True), strict=True))


def full_of(
    memory: Memory | None, lengths: Mapping[str, Lengths], limits: Mapping[str, Limits]
) -> dict[str, str]:
    """What of `memory` and `lengths` has reached its limit, as `what_is_full` returns it."""
    full: dict[str, str] = {}
    if memory is not None and memory.is_full:
        full[""] = "the memory of Redis is nearly full"
    for name, each in limits.items():
        pending, dead = lengths[name]
        if pending >= each.max_pending:
            full[name] = f"{name} has {each.max_pending} pending events, as many as it may have"
        elif dead >= each.max_dead_letters:
            full[name] = f"{name} has {each.max_dead_letters} dead letters, as many as are kept"
    return full


class RoomWatch:
    """Looks for what is full, again and again, and tells the log when a limit is reached and when
    that is over."""

    def __init__(
        self,
        redis: Redis,
        limits: Mapping[str, Limits],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._limits, self._clock = redis, limits, clock
        self._last_full: dict[str, float] = {}
        self._knows_memory = True

    async def look(self) -> Mapping[str, str]:
        """What is full now, as `what_is_full` says it."""
        memory = await read_memory(self._redis)
        if memory is None and self._knows_memory:
            log.warning(
                "Redis does not tell this user how much memory it has (INFO): "
                "intake will not be shut before it is full"
            )
        self._knows_memory = memory is not None
        full = full_of(memory, await read_lengths(self._redis, self._limits), self._limits)
        self._tell(full)
        return full

    def _tell(self, full: Mapping[str, str]) -> None:
        now = self._clock()
        for name, reason in full.items():
            if name not in self._last_full:
                log.error("limit reached, events are refused (503): %s", reason)
            self._last_full[name] = now
        for name, since in list(self._last_full.items()):
            if now - since >= CALM_SECONDS:
                del self._last_full[name]
                log.warning("limit no longer reached: %s", name or "the memory of Redis")
