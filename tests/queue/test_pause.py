"""Pauses: they grow, honour Retry-After, run out by themselves, and end with a success."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.monitoring.numbers import read_numbers
from gateway.queue.pause import (
    MAX_SUSPECTS,
    current_pause,
    is_probing,
    note_suspects,
    pause,
    read_suspects,
    resume,
)
from tests.support.keys import ADS, BOOKS, KEYS
from tests.support.stopwatch import Stopwatch

pytestmark = pytest.mark.anyio


async def test_pauses_in_a_row_grow(redis: Redis) -> None:
    watch = Stopwatch()
    made = [await pause(redis, ADS, "HTTP 503", None) for _ in range(4)]
    assert [(each.seconds, each.number) for each in made] == [(1, 1), (2, 2), (4, 3), (8, 4)]
    now = await current_pause(redis, ADS)
    assert now is not None
    assert (now.reason, now.number) == ("HTTP 503", 4)
    assert now.seconds == watch.left(8)
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.paused == watch.left(8)


async def test_a_pause_lasts_as_long_as_the_vendor_asks(redis: Redis) -> None:
    assert (await pause(redis, ADS, "HTTP 429", 120)).seconds == 120
    assert 119_000 < await redis.pttl(ADS.pause) <= 120_000


async def test_a_later_failure_does_not_shorten_what_the_vendor_asked_for(redis: Redis) -> None:
    """One drain gets ``Retry-After: 120``, then another one gets a plain 503."""
    await pause(redis, ADS, "HTTP 429", 120)
    await pause(redis, ADS, "HTTP 503", None)
    assert await redis.pttl(ADS.pause) > 100_000


async def test_a_pause_runs_out_and_then_a_probe_goes_first(redis: Redis) -> None:
    assert not await is_probing(redis, ADS)
    await pause(redis, ADS, "HTTP 503", None)
    await redis.pexpire(ADS.pause, 20)
    await asyncio.sleep(0.05)
    assert await current_pause(redis, ADS) is None
    assert await is_probing(redis, ADS)


async def test_a_success_starts_the_counting_anew(redis: Redis) -> None:
    for _ in range(3):
        await pause(redis, ADS, "HTTP 503", None)
    await resume(redis, ADS)
    assert not await is_probing(redis, ADS)
    assert (await pause(redis, ADS, "HTTP 503", None)).seconds == 1


async def test_destinations_are_paused_one_by_one(redis: Redis) -> None:
    await pause(redis, ADS, "HTTP 503", None)
    assert await current_pause(redis, BOOKS) is None
    assert not await is_probing(redis, BOOKS)


async def test_a_destination_that_has_been_down_for_days_is_still_paused(redis: Redis) -> None:
    await redis.hset(ADS.counts, "pauses", 2000)
    assert (await pause(redis, ADS, "HTTP 503", None)).seconds == 300


async def test_suspects_are_remembered_until_a_success(redis: Redis) -> None:
    await note_suspects(redis, ADS, [b"1-0", b"2-0"])
    await note_suspects(redis, ADS, [])
    await note_suspects(redis, ADS, [b"2-0", b"3-0"])
    assert await read_suspects(redis, ADS) == [b"1-0", b"2-0", b"3-0"]
    assert await redis.ttl(ADS.suspects) > 0
    await resume(redis, ADS)
    assert await read_suspects(redis, ADS) == []


async def test_only_the_latest_suspects_are_remembered(redis: Redis) -> None:
    await note_suspects(redis, ADS, [b"%d-0" % number for number in range(MAX_SUSPECTS + 5)])
    suspects = await read_suspects(redis, ADS)
    assert (suspects[0], len(suspects)) == (b"5-0", MAX_SUSPECTS)
