"""Tombstones: mark the events of an erased person that are still on their way.

A tombstone is a keyed digest of an id, or the receipt of an event. It covers events that came in
before it was written, and lasts as long as an event may wait. Drains do not send covered events,
and the ledger does not store their content.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.marks import WITHDRAWAL_SECONDS
from gateway.redis_client.connect import is_cluster

TOMBSTONE_SECONDS = WITHDRAWAL_SECONDS


@dataclass(frozen=True, slots=True)
class Tombstones:
    """written: when each tombstone was written, in Unix seconds."""

    written: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.written)

    def cover(self, names: Iterable[str], received_at: float) -> bool:
        """Whether an event is covered. names: its receipt and the digests of its ids. received_at:
        Unix seconds."""
        return any(received_at <= self.written.get(name, -math.inf) for name in names)


async def read_tombstones(redis: Redis, keys: Keys) -> Tombstones:
    """Those that exist now."""
    rows: Any = await redis.zrange(keys.erased, 0, -1, withscores=True)
    return Tombstones({name.decode(): at for name, at in rows})


async def write_tombstones(redis: Redis, keys: Keys, names: Collection[str], now: float) -> None:
    """Covers all events with one of `names` that came in before `now` (Unix seconds). Removes
    expired tombstones."""
    pipeline = redis.pipeline(transaction=not is_cluster(redis))
    pipeline.zremrangebyscore(keys.erased, "-inf", now - TOMBSTONE_SECONDS)
    pipeline.zadd(keys.erased, dict.fromkeys(names, now))
    pipeline.expire(keys.erased, TOMBSTONE_SECONDS)
    await pipeline.execute()
