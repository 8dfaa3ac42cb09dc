"""Pauses: they grow, honour Retry-After, run out by themselves, and end with a success."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.delivery.pause import current_pause, is_probing, pause, resume
from gateway.metrics import read_numbers
from gateway.queue.keys import DestinationKeys

pytestmark = pytest.mark.anyio


async def test_pauses_in_a_row_grow(redis: Redis) -> None:
    made = [await pause(redis, "ads", "HTTP 503", None) for _ in range(4)]
    assert [(each.seconds, each.number) for each in made] == [(1, 1), (2, 2), (4, 3), (8, 4)]
    now = await current_pause(redis, "ads")
    assert now is not None
    assert (now.reason, now.number) == ("HTTP 503", 4)
    assert 7 < now.seconds <= 8
    numbers = (await read_numbers(redis, ["ads"])).destinations["ads"]
    assert 7 < numbers.paused <= 8


async def test_a_pause_lasts_as_long_as_the_vendor_asks(redis: Redis) -> None:
    assert (await pause(redis, "ads", "HTTP 429", 120)).seconds == 120
    assert 119_000 < await redis.pttl(DestinationKeys.of("ads").pause) <= 120_000


async def test_a_later_failure_does_not_shorten_what_the_vendor_asked_for(redis: Redis) -> None:
    """Of two drains one hears ``Retry-After: 120``, and then the other a mere 503."""
    await pause(redis, "ads", "HTTP 429", 120)
    await pause(redis, "ads", "HTTP 503", None)
    assert await redis.pttl(DestinationKeys.of("ads").pause) > 100_000


async def test_a_pause_runs_out_and_then_a_probe_goes_first(redis: Redis) -> None:
    assert not await is_probing(redis, "ads")
    await pause(redis, "ads", "HTTP 503", None)
    await redis.pexpire(DestinationKeys.of("ads").pause, 20)
    await asyncio.sleep(0.05)
    assert await current_pause(redis, "ads") is None
    assert await is_probing(redis, "ads")


async def test_a_success_starts_the_counting_anew(redis: Redis) -> None:
    for _ in range(3):
        await pause(redis, "ads", "HTTP 503", None)
    await resume(redis, "ads")
    assert not await is_probing(redis, "ads")
    assert (await pause(redis, "ads", "HTTP 503", None)).seconds == 1


async def test_destinations_are_paused_one_by_one(redis: Redis) -> None:
    await pause(redis, "ads", "HTTP 503", None)
    assert await current_pause(redis, "books") is None
    assert not await is_probing(redis, "books")


async def test_a_destination_that_has_been_down_for_days_is_still_paused(redis: Redis) -> None:
    await redis.hset(DestinationKeys.of("ads").counts, "pauses", 2000)
    assert (await pause(redis, "ads", "HTTP 503", None)).seconds == 300
