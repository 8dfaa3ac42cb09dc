"""Events in quarantine, by the way that events get there: decided, appended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from dead import nobody
from made import decide
from redis.asyncio import Redis

from gateway.event import Event
from gateway.queue.append import Appender
from gateway.queue.connect import connect_for_work
from gateway.queue.tally import Tally

REASON = "does not fit schemas.purchase: value: type number"


async def set_aside(redis: Redis, events: Iterable[Event], reason: str = REASON) -> None:
    """`events` go into quarantine for `reason`; no destination is told of them."""
    appender = Appender(redis, Tally(), nobody)  # type: ignore[arg-type]
    await appender.append([replace(decide(event), quarantine=reason) for event in events])


def set_aside_now(url: str, events: Iterable[Event], reason: str = REASON) -> None:
    """The same for tests that are not asynchronous."""

    async def work() -> None:
        async with connect_for_work(url) as redis:
            await set_aside(redis, events, reason)

    asyncio.run(work())
