"""The rate outlives a drain: the next drain continues with it."""

from __future__ import annotations

import time

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.delivery.rate_notes import RateNotes
from gateway.queue.drain_notes import write_next_request
from tests.support.drains import Fill, Start, deliveries, outcomes, run
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Vendor

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

LIMITS = DeliverySettings(events_per_second=1)


async def restored(redis: Redis) -> AdaptiveRate:
    rate = AdaptiveRate(LIMITS)
    await RateNotes(redis, ADS, rate, events=600).restore()
    return rate


async def test_the_next_drain_waits_for_the_turn_of_its_first_request(redis: Redis) -> None:
    before = time.monotonic()
    rate = AdaptiveRate(LIMITS)
    rate.take(rate.turn(before), 500)
    rate.throttle()
    await RateNotes(redis, ADS, rate, events=600).write()
    following = await restored(redis)
    assert following.turn(before) == pytest.approx(before + 500, abs=1)
    assert following.share == 0.5


async def test_the_first_drain_waits_for_nothing(redis: Redis) -> None:
    assert (await restored(redis)).turn(7.0) == 7.0


@pytest.mark.parametrize(("noted", "longest"), [(-86_400, 0), (86_400, 600)])
async def test_a_clock_that_was_set_delays_by_no_more_than_one_request(
    redis: Redis, noted: float, longest: float
) -> None:
    await write_next_request(redis, ADS, time.time() + noted)
    now = time.monotonic()
    rate = await restored(redis)
    assert now <= rate.turn(now) <= time.monotonic() + longest


async def test_drains_that_come_and_go_keep_the_limit(
    start: Start, fill: Fill, redis: Redis
) -> None:
    """They leave early because another destination waits for the worker."""
    await fill(300)
    await redis.rpush(KEYS.queue_key, "job")
    vendor = Vendor()
    for number in range(4):
        limits = {"size": 60, "events_per_second": 1, "busy": 0.05}
        await run(await start(vendor, holder=f"drain-{number}", **limits))
    assert [len(ids) for ids in vendor.requests] == [60]
    assert await outcomes(redis) == {"delivered": 60, "pending": 240}
    assert set(await deliveries(redis)) <= {0}
