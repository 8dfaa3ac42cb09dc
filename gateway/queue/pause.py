"""Pauses: a destination that fails as a whole is left alone for a while, by all processes.

The state is one key in Redis that expires when the pause is over, and the number of pauses in a row
in the destination's `counts`. Suspects are kept too: the ids of entries that got a response about
the whole destination, each in a request of its own. A success clears the count and the suspects.
All of this is written even when memory is full, so that a destination that is down is left alone
then too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import DestinationKeys
from gateway.queue.redis_full import write_note

PAUSES = "pauses"
MAX_PAUSE = 300.0
MAX_SUSPECTS = 100
_SUSPECT_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Pause:
    """seconds: until it is over. reason: in the vendor's words. number: of pauses in a row, from
    1."""

    seconds: float
    reason: str
    number: int


async def pause(redis: Redis, keys: DestinationKeys, reason: str, asked: float | None) -> Pause:
    """Pauses a destination, longer each time in a row. asked: seconds that the vendor asks for."""
    number = int(await write_note(redis, "HINCRBY", keys.counts, PAUSES, 1))
    made = Pause(pause_seconds(number, asked), reason, number)
    if await redis.pttl(keys.pause) < made.seconds * 1000:  # never shorten a pause
        state = orjson.dumps({"reason": reason, "number": number})
        await write_note(redis, "SET", keys.pause, state, "PX", int(made.seconds * 1000))
    return made


async def current_pause(redis: Redis, keys: DestinationKeys) -> Pause | None:
    """The pause that a destination is in, if it is in one."""
    pipeline = redis.pipeline(transaction=False)  # when memory is full, MULTI may be refused
    pipeline.get(keys.pause)
    pipeline.pttl(keys.pause)
    state, left = await pipeline.execute()
    if state is None or left <= 0:
        return None
    return Pause(left / 1000, **orjson.loads(state))


async def is_paused(redis: Redis, keys: DestinationKeys) -> bool:
    return bool(await redis.exists(keys.pause))


async def is_probing(redis: Redis, keys: DestinationKeys) -> bool:
    """Whether the last pause ended without a success yet: then a single request goes first."""
    pauses = await redis.hget(keys.counts, PAUSES)
    return bool(int(pauses or 0))


async def resume(redis: Redis, keys: DestinationKeys) -> None:
    """Forgets the pauses in a row and their suspects, after a success."""
    await write_note(redis, "HSET", keys.counts, PAUSES, "0")
    await redis.delete(keys.suspects)


async def note_suspects(redis: Redis, keys: DestinationKeys, ids: Sequence[bytes]) -> None:
    """Adds the entries `ids` to the suspects, of which the latest `MAX_SUSPECTS` are kept."""
    if ids:
        known = dict.fromkeys([*await read_suspects(redis, keys), *ids])
        state = orjson.dumps([each.decode() for each in known][-MAX_SUSPECTS:])
        await write_note(redis, "SET", keys.suspects, state, "EX", _SUSPECT_SECONDS)


async def read_suspects(redis: Redis, keys: DestinationKeys) -> list[bytes]:
    """The ids of the suspects since the last success, the latest last."""
    state = await redis.get(keys.suspects)
    return [each.encode() for each in orjson.loads(state)] if state else []


def pause_seconds(pauses: int, asked: float | None) -> float:
    """How long a destination is paused for the `pauses`-th time in a row, counted from 1.

    asked: seconds that the vendor asks for (``Retry-After``); the pause is never shorter.
    """
    grown: float = min(2 ** min(pauses - 1, 16), MAX_PAUSE)
    return max(grown, asked or 0.0)
