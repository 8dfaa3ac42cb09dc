"""Room: whether Redis can take more events, looked at now and then.

Intake is shut before memory is full. A full Redis still lets streams be drained, but RQ can
neither end nor start a job in it, and counters could not be written.
"""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import DestinationKeys

MEMORY_SHARE = 0.9
"""Of ``maxmemory``: above it no events are taken."""


class Full(Exception):
    """No more events are taken now; the text says what is full."""


async def what_is_full(redis: Redis, limits: Mapping[str, tuple[int, int]]) -> Mapping[str, str]:
    """What has reached its limit, in words, by the name of the destination; "" is all of them.

    limits: for each destination how many events may be pending, and how many dead letters kept.
    """
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("memory")
    for name in limits:
        keys = DestinationKeys.of(name)
        pipeline.xlen(keys.stream)
        pipeline.xlen(keys.dead)
    memory, *lengths = await pipeline.execute()
    full: dict[str, Any] = {}
    if 0 < memory["maxmemory"] * MEMORY_SHARE < memory["used_memory"]:
        full[""] = "the memory of Redis is nearly full"
    for place, (name, (pending, dead)) in enumerate(limits.items()):
        if lengths[2 * place] >= pending:
            full[name] = f"{name} has {pending} pending events, as many as it may have"
        elif lengths[2 * place + 1] >= dead:
            full[name] = f"{name} has {dead} dead letters, as many as are kept"
    return full
