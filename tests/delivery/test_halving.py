"""A batch that is refused as a whole: its halves are requests like any other, and none is lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Response
from gateway.queue.pause import current_pause
from tests.support.drains import OK, Fill, Start, deliveries, outcomes, run
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Vendor, script
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

NO = Response(400, {}, b"bad")
SEEN_LATE = 0.1
"""By how many seconds the first request may be seen late on a busy machine. If halves did not wait
for their turns, all requests would take 0.175 s less."""


def refusing(*numbers: int) -> Any:
    """A reply that refuses each request with one of these events."""
    bad = {f"event-{number}" for number in numbers}
    return lambda ids: NO if bad & {*ids} else OK


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_halves_wait_for_their_turn(
    start: Start, fill: Fill, redis: Redis, in_flight: int
) -> None:
    times: list[float] = []
    answer = refusing(0, 5, 10, 15)

    def reply(ids: list[str]) -> Response:
        times.append(time.monotonic())
        return answer(ids)

    await fill(16)
    vendor = Vendor(reply)
    await run(await start(vendor, size=16, requests_per_second=40, in_flight=in_flight))
    assert await outcomes(redis) == {"delivered": 12, "rejected": 4}
    assert len(times) > 16
    assert times[-1] - times[0] >= (len(times) - 1) / 40 - SEEN_LATE


async def test_halves_go_before_what_waits(start: Start, fill: Fill, redis: Redis) -> None:
    await fill(12)
    vendor = Vendor(refusing(0))
    await run(await start(vendor, size=4, in_flight=1))
    sent = [[int(each.removeprefix("event-")) for each in ids] for ids in vendor.requests]
    others = [[4, 5, 6, 7], [8, 9, 10, 11]]
    assert sent == [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3], *others]
    assert await outcomes(redis) == {"delivered": 11, "rejected": 1}


async def test_within_the_rate_the_search_goes_deep_whatever_may_be_under_way_at_once(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """The first event ends after five requests, not after all requests with more events."""
    await fill(16)
    vendor = Vendor(lambda _: NO)
    await run(await start(vendor, size=16, requests_per_second=40, in_flight=8))
    assert [len(ids) for ids in vendor.requests[:5]] == [16, 8, 4, 2, 1]
    assert await outcomes(redis) == {"rejected": 16}


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_stop_hands_the_halves_back(
    start: Start, fill: Fill, redis: Redis, in_flight: int
) -> None:
    def reply(_: list[str]) -> Response:
        drain.stop()
        return NO

    await fill(16)
    vendor = Vendor(reply)
    drain = await start(vendor, size=16, in_flight=in_flight)
    await run(drain)
    assert len(vendor.requests) == 1
    assert await deliveries(redis) == {0: 16}


async def test_a_half_that_is_taken_is_settled_at_once(
    start: Start, fill: Fill, redis: Redis
) -> None:
    may_answer = asyncio.Event()

    async def reply(ids: list[str]) -> Response:
        if len(ids) == 8 and "event-15" in ids:
            await may_answer.wait()
        return refusing(15)(ids)

    await fill(16)
    running = asyncio.create_task(run(await start(Vendor(reply), size=16, in_flight=1)))
    async with asyncio.timeout(60):
        while await outcomes(redis) != {"delivered": 8, "pending": 8}:
            await asyncio.sleep(0.01)
    may_answer.set()
    await running
    assert await outcomes(redis) == {"delivered": 15, "rejected": 1}


async def test_a_vendor_that_throttles_gets_no_further_half(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(16)
    vendor = Vendor(script(NO, Response(429, {"retry-after": "30"})))
    await run(await start(vendor, size=16, in_flight=1))
    assert [len(ids) for ids in vendor.requests] == [16, 8]
    assert await current_pause(redis, ADS) is not None
    assert await deliveries(redis) == {0: 16}


async def test_a_drain_that_has_to_leave_halves_until_something_has_ended(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """Otherwise the next drain would send the whole batch again, and leave as early."""
    await redis.rpush(KEYS.queue_key, "job")

    async def slowly(_: Any) -> Response:
        await asyncio.sleep(0.2)
        return NO

    await fill(16)
    vendor = Vendor(slowly)
    await run(await start(vendor, size=16, in_flight=1, busy=0.0))
    became = await outcomes(redis)
    assert became["rejected"] >= 1
    assert became["pending"] >= 1, "it does not stay until all of it is found"
    assert set(await deliveries(redis)) <= {0}


async def test_it_does_not_halve_on_when_it_is_told_to_stop(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await redis.rpush(KEYS.queue_key, "job")

    async def slowly(_: Any) -> Response:
        await asyncio.sleep(0.2)
        return NO

    await fill(16)
    vendor = Vendor(slowly)
    drain = await start(vendor, size=16, in_flight=1, busy=0.0)
    running = asyncio.create_task(run(drain))
    await until(lambda: len(vendor.requests) == 2)
    drain.stop()
    await running
    assert len(vendor.requests) == 2
    assert await deliveries(redis) == {0: 16}
