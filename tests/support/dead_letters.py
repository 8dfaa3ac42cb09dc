"""Makes dead letters as production does: events are appended, read and settled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis

from gateway.event import Event
from gateway.queue.append import Appender
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.queue.stored_events import StoreBounds
from gateway.redis_client.connect import connect_for_work
from tests.support.drains import nobody
from tests.support.events import decide
from tests.support.keys import KEYS

ALL = StoreBounds()
RESPONSE = {"status": 400, "body": '{"error": "no such token"}'}


async def append(
    redis: Redis, destination: str, events: Iterable[Event], trusted: bool = False
) -> None:
    await ensure_group(redis, KEYS.destination(destination))
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
    await appender.append([decide(event, [destination], trusted=trusted) for event in events])


async def end(
    redis: Redis,
    destination: str,
    result: str = "delivered",
    reason: str = "",
    count: int = 1000,
    bounds: StoreBounds = ALL,
) -> int:
    """Ends the next `count` unread events as `result`. Returns how many dead letters this
    removed."""
    entries = (await Reader(redis, KEYS.destination(destination), "drain").new(count, None)).entries
    letters = [
        b""
        if result == "delivered"
        else encode_dead_letter(entry, result, reason, time.time(), RESPONSE)
        for entry in entries
    ]
    endings = [
        Ending(
            *(entry.id, result, letter, entry.trusted),
            received_at=entry.received_at,
            again=entry.again,
        )
        for entry, letter in zip(entries, letters, strict=True)
    ]
    return await Settler(redis, KEYS.destination(destination), PendingCounts(), bounds).settle(
        endings
    )


async def bury(
    redis: Redis,
    destination: str,
    events: Iterable[Event],
    result: str = "rejected",
    reason: str = "HTTP 400: no such token",
    trusted: bool = False,
    bounds: StoreBounds = ALL,
) -> int:
    """Makes `events` dead letters of `destination`. Returns how many others this removed."""
    await append(redis, destination, events, trusted)
    return await end(redis, destination, result, reason, bounds=bounds)


def bury_now(url: str, destination: str, events: Iterable[Event], *how: Any) -> None:
    """`bury`, for tests that are not asynchronous."""

    async def work() -> None:
        async with connect_for_work(url) as redis:
            await bury(redis, destination, events, *how)

    asyncio.run(work())
