"""Pauses: a destination that fails as a whole is left alone for a while, by all processes.

The state is one key in Redis that expires when the pause is over, and a count in the
destination's `counts` of how many pauses came in a row; a success clears it. Both are written even
when memory is full: a destination that is down is left alone then too.
"""

from dataclasses import dataclass

import orjson
from redis.asyncio import Redis

from gateway.delivery.memory import write_note
from gateway.delivery.policy import pause_seconds
from gateway.queue.keys import DestinationKeys

PAUSES = "pauses"


@dataclass(frozen=True, slots=True)
class Pause:
    """seconds: until it is over. reason: why, in the vendor's words. number: in a row, from 1."""

    seconds: float
    reason: str
    number: int


async def pause(redis: Redis, destination: str, reason: str, asked: float | None) -> Pause:
    """Pauses `destination`, longer each time in a row. asked: seconds that the vendor asks for."""
    keys = DestinationKeys.of(destination)
    number = int(await write_note(redis, "HINCRBY", keys.counts, PAUSES, 1))
    made = Pause(pause_seconds(number, asked), reason, number)
    if await redis.pttl(keys.pause) < made.seconds * 1000:  # never shorter than it is already
        state = orjson.dumps({"reason": reason, "number": number})
        await write_note(redis, "SET", keys.pause, state, "PX", int(made.seconds * 1000))
    return made


async def current_pause(redis: Redis, destination: str) -> Pause | None:
    """The pause that `destination` is in, if it is in one."""
    keys = DestinationKeys.of(destination)
    pipeline = redis.pipeline(transaction=False)  # when memory is full, MULTI may be refused
    pipeline.get(keys.pause)
    pipeline.pttl(keys.pause)
    state, left = await pipeline.execute()
    if state is None or left <= 0:
        return None
    return Pause(left / 1000, **orjson.loads(state))


async def is_probing(redis: Redis, destination: str) -> bool:
    """Whether the last pause ended without a success yet: then a single request goes first."""
    pauses = await redis.hget(DestinationKeys.of(destination).counts, PAUSES)
    return bool(int(pauses or 0))


async def resume(redis: Redis, destination: str) -> None:
    """Forgets the pauses in a row, after a success."""
    await write_note(redis, "HSET", DestinationKeys.of(destination).counts, PAUSES, "0")
