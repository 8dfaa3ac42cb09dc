"""Runs drains in tests, and shows what became of the events."""

from __future__ import annotations

import asyncio
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from redis.asyncio import Redis

from destinations.base import Response
from gateway.delivery.drain import Drain
from gateway.delivery.planning import Shipment
from gateway.delivery.send import Result, Sender
from gateway.queue.keys import GROUP
from tests.support.destination_numbers import numbers
from tests.support.keys import ADS

OK, DOWN = Response(204), Response(503, {}, b"down")
SOON = [0.2]
"""A backoff that a test can wait for."""

Start = Callable[..., Awaitable[Drain]]
Fill = Callable[..., Awaitable[None]]
StartLogged = Callable[..., subprocess.Popen[bytes]]


async def nobody(_: object = None) -> None:
    return None


async def run(*drains: Drain) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*(drain.run() for drain in drains))


async def send_to_the_end(sender: Sender, shipment: Shipment) -> list[Result]:
    """The results of `shipment` and of the parts into which it was halved."""
    results: list[Result] = []
    waiting = deque([shipment])
    while waiting:
        sent = await sender.send(waiting.popleft())
        results += sent.results
        waiting.extendleft(reversed(sent.parts))
    return results


async def outcomes(redis: Redis) -> dict[str, int]:
    """The numbers of endings and of pending events that are not 0. Fails unless they add up to the
    accepted events."""
    now = await numbers(redis)
    ended = {end: now.counts.get(end, 0) for end in ("delivered", "rejected", "expired")}
    assert now.counts.get("accepted", 0) == sum(ended.values()) + now.pending
    return {name: count for name, count in {**ended, "pending": now.pending}.items() if count}


async def deliveries(redis: Redis) -> dict[int, int]:
    """The number of pending entries by how often they were delivered."""
    rows = await redis.xpending_range(ADS.stream, GROUP, "-", "+", 10_000)
    times = [row["times_delivered"] for row in rows]
    return {each: times.count(each) for each in times}


async def dead_letters(redis: Redis) -> list[dict[str, Any]]:
    return [orjson.loads(fields[b"d"]) for _, fields in await redis.xrange(ADS.dead)]
