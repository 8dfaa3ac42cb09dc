"""The sender pool: no more requests at once than configured, and none waits for a slow one."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Response
from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.queue.drain_notes import read_share, write_share
from tests.support.drains import DOWN, OK, Fill, Start, deliveries, outcomes, run
from tests.support.keys import ADS
from tests.support.scripted_vendor import Vendor, script
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]


@pytest.mark.parametrize("in_flight", [1, 5])
async def test_no_more_requests_at_once_than_set(
    start: Start, fill: Fill, redis: Redis, in_flight: int
) -> None:
    await fill(60)

    async def slowly(_: Any) -> Response:
        await asyncio.sleep(0.005)
        return OK

    vendor = Vendor(slowly)
    await run(await start(vendor, in_flight=in_flight))
    assert vendor.most_at_once == in_flight
    assert await outcomes(redis) == {"delivered": 60}


async def test_a_slow_request_does_not_block_the_others(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(40)
    others = asyncio.Event()

    async def reply(ids: list[str]) -> Response:
        if ids == ["event-0"]:
            await others.wait()
        elif vendor.times_sent.total() == 40:
            others.set()
        return OK

    vendor = Vendor(reply)
    await run(await start(vendor, in_flight=2))
    assert await outcomes(redis) == {"delivered": 40}


async def test_what_waits_for_its_turn_is_handed_back_when_the_drain_is_stopped(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """The drain does not wait for the next turn, which is a minute away."""
    await fill(5)
    vendor = Vendor()
    drain = await start(vendor, requests_per_second=1 / 60, in_flight=2)
    running = asyncio.create_task(run(drain))
    await until(lambda: vendor.requests)
    drain.stop()
    await running
    assert len(vendor.requests) == 1
    assert await outcomes(redis) == {"delivered": 1, "pending": 4}
    assert set(await deliveries(redis)) == {0}


@pytest.mark.parametrize("limits", [{"requests_per_second": 10}, {"events_per_second": 10}])
async def test_another_try_waits_for_its_turn(
    start: Start, fill: Fill, limits: dict[str, float]
) -> None:
    times: list[float] = []

    def refuse(_: Any) -> Response:
        times.append(time.monotonic())
        return DOWN

    await fill(1)
    drain = await start(Vendor(refuse), tries=3, idle=0, busy=0, **limits)
    started = time.monotonic()  # the first turn, however late its request arrives
    await run(drain)
    assert len(times) == 3
    assert all(each - started > 0.09 * turn for turn, each in enumerate(times))


async def test_another_try_does_not_wait_for_its_turn_once_the_drain_is_stopped(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """After a lost lease, its event may belong to another drain."""
    await fill(1)
    vendor = Vendor(script(DOWN))
    drain = await start(vendor, tries=3, requests_per_second=1 / 60)
    running = asyncio.create_task(run(drain))
    await until(lambda: vendor.requests)
    drain.stop()
    await running
    assert len(vendor.requests) == 1
    assert await deliveries(redis) == {1: 1}


async def test_a_drain_starts_with_the_share_that_the_last_one_left(
    start: Start, fill: Fill, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that throttled does not get the full load from the next drain."""
    monkeypatch.setattr(AdaptiveRate, "recover", lambda _: None)
    await write_share(redis, ADS, 0.25)
    await fill(60)

    async def slowly(_: Any) -> Response:
        await asyncio.sleep(0.005)
        return OK

    vendor = Vendor(slowly)
    await run(await start(vendor, in_flight=8))
    assert vendor.most_at_once == 2


async def test_a_drain_sends_more_at_once_as_the_share_recovers(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await write_share(redis, ADS, 0.75)

    async def slowly(_: Any) -> Response:
        await asyncio.sleep(0.005)
        return OK

    vendor = Vendor(slowly)
    drain = await start(vendor, in_flight=8)
    running = asyncio.create_task(run(drain))
    async with asyncio.timeout(60):
        for first in count(0, 60):
            await fill(60, first=first)
            if vendor.most_at_once == 8:
                break
    drain.stop()
    await running


async def test_the_next_drain_hears_of_half_the_share_if_the_last_one_was_throttled(
    start: Start, fill: Fill, redis: Redis
) -> None:
    await fill(3)
    vendor = Vendor(script(Response(429, {"retry-after": "30"})))
    await run(await start(vendor, in_flight=1))
    assert await read_share(redis, ADS) == 0.5
