"""Notes of a drain: for the next drain and for operators.

Each overwrites one small field of its destination, so they are written even when memory is full.
"""

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import DestinationKeys
from gateway.queue.redis_full import write_note

WORDS_SECONDS = 30 * 86_400
"""How long the last failure and warning are kept; they may repeat content of an event."""

SHARE = "share"
"""Field of the counts: thousandths of the configured rate."""

NEXT_REQUEST = "next_request"
"""Field of the counts: milliseconds since 1970."""


async def read_share(redis: Redis, keys: DestinationKeys) -> float:
    """The share of the configured rate that the last drain used, 1.0 unless it was throttled."""
    share = await redis.hget(keys.counts, SHARE)
    return int(share or 1000) / 1000


async def write_share(redis: Redis, keys: DestinationKeys, share: float) -> None:
    await write_note(redis, "HSET", keys.counts, SHARE, int(share * 1000))


async def read_next_request(redis: Redis, keys: DestinationKeys) -> float:
    """When the rate lets the next request start, in Unix seconds; 0.0 if no drain wrote it."""
    milliseconds = await redis.hget(keys.counts, NEXT_REQUEST)
    return int(milliseconds or 0) / 1000


async def write_next_request(redis: Redis, keys: DestinationKeys, at: float) -> None:
    """Writes when the rate lets the next request start. at: Unix seconds."""
    await write_note(redis, "HSET", keys.counts, NEXT_REQUEST, int(at * 1000))


async def write_failure(redis: Redis, keys: DestinationKeys, at: float, reason: str) -> None:
    """Writes what went wrong last. at: Unix seconds. reason: secrets masked."""
    await _write_words(redis, keys.error, at, reason)


async def write_warning(redis: Redis, keys: DestinationKeys, at: float, words: str) -> None:
    """Writes what the vendor warned of last. at: Unix seconds. words: secrets masked."""
    await _write_words(redis, keys.warning, at, words)


async def _write_words(redis: Redis, key: str, at: float, words: str) -> None:
    await write_note(
        redis, "SET", key, orjson.dumps({"at": at, "reason": words}), "EX", WORDS_SECONDS
    )
