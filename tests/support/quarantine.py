"""Puts events into quarantine as production does: with a decision that is appended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from gateway.event import Event
from gateway.queue.append import NO_RETENTION, Appender, Retention
from gateway.queue.feed import Feeding
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import nobody
from tests.support.events import decide
from tests.support.keys import KEYS

REASON = "does not match schemas.purchase: value: type number"


def make_releaser(
    redis: Redis,
    wake: Any = nobody,
    retention: Retention = NO_RETENTION,
    feeding: Feeding | None = None,
) -> Releaser:
    """A releaser that appends to `redis`, as the operator's command makes it."""
    return Releaser(Appender(redis, KEYS, PendingCounts(), wake, retention, feeding))


async def set_aside(
    redis: Redis,
    events: Iterable[Event],
    reason: str = REASON,
    ago: float = 0,
    trusted: bool = False,
) -> None:
    """Puts `events`, received `ago` seconds ago, into quarantine for `reason`; no destination gets
    them. trusted: whether their sender is trusted."""
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
    aside = [replace(decide(event, trusted=trusted), quarantine=reason) for event in events]
    await appender.append([replace(each, received_at=each.received_at - ago) for each in aside])


def set_aside_now(url: str, events: Iterable[Event], reason: str = REASON, ago: float = 0) -> None:
    """`set_aside`, for tests that are not asynchronous."""

    async def work() -> None:
        async with connect_for_work(url) as redis:
            await set_aside(redis, events, reason, ago)

    asyncio.run(work())
