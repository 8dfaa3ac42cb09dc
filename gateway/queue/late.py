"""Late consent in Redis: events that wait for a word of their visitor, and denials that came late.

`append.lua` writes both, and takes out what waits no longer.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.entry import Entry
from gateway.queue.keys import DUE, EVENTS, SAID, WITHDRAWN

MOST_VISITORS = 100


@dataclass(frozen=True, slots=True)
class Visitor:
    """What waits of one visitor. events: as `gateway.queue.entry.encode_waiting` wrote them, the
    oldest first. said: what the visitor has stated meanwhile, as it stands in Redis."""

    name: str
    events: Sequence[bytes]
    said: str

    @property
    def stated(self) -> dict[str, str]:
        """By consent type."""
        return orjson.loads(self.said) if self.said else {}


async def due_visitors(redis: Redis) -> list[Visitor]:
    """Visitors who have spoken, or whose oldest event has waited long enough."""
    now = int(1000 * time.time())
    names: Any = await redis.zrangebyscore(DUE, "-inf", now, start=0, num=MOST_VISITORS)
    visitors = []
    for name in map(bytes.decode, names):
        said: Any = await redis.hget(SAID, name)
        events: Any = await redis.lrange(EVENTS + name, 0, -1)
        visitors.append(Visitor(name, events, said.decode() if said else ""))
    return visitors


async def withdrawn(
    redis: Redis, entries: Sequence[Entry], types: Collection[str]
) -> Sequence[Entry]:
    """Those of `entries` whose visitor has denied one of `types` after they came in."""
    visitors = list({entry.visitor for entry in entries if entry.visitor}) if types else []
    if not visitors:
        return ()
    pipeline = redis.pipeline(transaction=False)
    for visitor in visitors:
        pipeline.hmget(WITHDRAWN + visitor, list(types))
    denials: list[list[bytes | None]] = await pipeline.execute()
    latest = {
        visitor: max((int(at) for at in moments if at), default=0) / 1000
        for visitor, moments in zip(visitors, denials, strict=True)
    }
    return [entry for entry in entries if entry.received_at <= latest.get(entry.visitor, 0)]
