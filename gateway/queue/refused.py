"""A small sample of refused events, for people who look for the reason: the shape of the events,
never their values. It is kept for a short time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.sources.base import Refusal

MAX_SAMPLES = 100
SAMPLE_SECONDS = 86_400
"""How long the sample is kept after the last refused event."""

MAX_WAITING = 20
"""Maximum number of samples that a web process collects until the next flush."""


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that was refused. at: Unix seconds. shape: as `gateway.sources.shape` makes it."""

    source: str
    at: float
    reason: str
    shape: Any


class RefusedSample:
    """Collects refused events, each kind once, until the next flush."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.refused
        self._waiting: dict[bytes, float] = {}

    def add(self, source: str, at: float, refusals: Sequence[Refusal]) -> None:
        for each in refusals[:MAX_WAITING]:
            if len(self._waiting) >= MAX_WAITING:
                return
            seen = {"source": source, "reason": each.message, "shape": each.shape}
            self._waiting.setdefault(orjson.dumps(seen), at)

    async def flush(self) -> None:
        """Writes the collected events. They are lost if it raises a redis-py error."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        pipeline = self._redis.pipeline(transaction=False)
        for seen, at in waiting.items():
            pipeline.xadd(self._key, {"r": seen, "at": at}, maxlen=MAX_SAMPLES, approximate=False)
        pipeline.expire(self._key, SAMPLE_SECONDS)
        await pipeline.execute()


async def read_refused(redis: Redis, keys: Keys, most: int = MAX_SAMPLES) -> list[RefusedEvent]:
    """The latest refused events, newest first."""
    rows: Any = await redis.xrevrange(keys.refused, count=most)
    return [RefusedEvent(at=float(row[b"at"]), **orjson.loads(row[b"r"])) for _, row in rows]
