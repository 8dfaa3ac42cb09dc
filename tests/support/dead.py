"""Events that ended badly, by the way that events end: appended, read, settled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from made import decide
from redis.asyncio import Redis

from gateway.event import Event
from gateway.queue.append import Appender
from gateway.queue.connect import connect_for_work
from gateway.queue.entry import encode_dead_letter
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import Tally

RESPONSE = {"status": 400, "body": '{"error": "no such token"}'}


async def nobody(_: object) -> None:
    return None


async def append(redis: Redis, destination: str, events: Iterable[Event]) -> None:
    await ensure_group(redis, destination)
    appender = Appender(redis, Tally(), nobody)  # type: ignore[arg-type]
    await appender.append([decide(event, [destination]) for event in events])


async def end(
    redis: Redis, destination: str, result: str = "delivered", reason: str = "", count: int = 1000
) -> None:
    """The next `count` events that nobody has read end as `result`."""
    entries = (await Reader(redis, destination, "drain").new(count, None)).entries
    letters = [
        b""
        if result == "delivered"
        else encode_dead_letter(entry, result, reason, time.time(), RESPONSE)
        for entry in entries
    ]
    endings = [Ending(e.id, result, letter) for e, letter in zip(entries, letters, strict=True)]
    await Settler(redis, destination, Tally()).settle(endings)


async def bury(
    redis: Redis,
    destination: str,
    events: Iterable[Event],
    result: str = "rejected",
    reason: str = "HTTP 400: no such token",
) -> None:
    """`events` become dead letters of `destination`."""
    await append(redis, destination, events)
    await end(redis, destination, result, reason)


def bury_now(url: str, destination: str, events: Iterable[Event], *how: Any) -> None:
    """The same for tests that are not asynchronous."""

    async def work() -> None:
        async with connect_for_work(url) as redis:
            await bury(redis, destination, events, *how)

    asyncio.run(work())
