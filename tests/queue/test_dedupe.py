"""Dedupe: within its window a destination takes an event once; a failed append marks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from made import decide, make_event
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.metrics import read_numbers
from gateway.queue.append import Appender, Remembered
from gateway.queue.appendix import Appendix, mark
from gateway.queue.connect import connect_for_intake
from gateway.queue.keys import DestinationKeys
from gateway.queue.tally import Tally

pytestmark = pytest.mark.anyio


async def nobody(_: object) -> None:
    pass


@pytest.fixture
async def intake(redis_url: str) -> AsyncIterator[Redis]:
    async with connect_for_intake(redis_url) as client:
        yield client


@pytest.fixture
def appender(intake: Redis) -> Appender:
    return Appender(intake, Tally(), nobody, remembered=Remembered(dedupe=600))  # type: ignore[arg-type]


async def counts(redis: Redis, destination: str) -> dict[str, int]:
    numbers = (await read_numbers(redis, [destination])).destinations[destination]
    assert numbers.counts.get("accepted", 0) == numbers.counts.get("withheld", 0) + numbers.pending
    return {name: count for name, count in numbers.counts.items() if count}


async def test_an_event_that_comes_again_is_taken_once(appender: Appender, redis: Redis) -> None:
    for _ in range(3):
        await appender.append([decide(make_event(1), send=["ads", "books"])])
    for name in ("ads", "books"):
        assert await counts(redis, name) == {"accepted": 1, "repeated": 2}


async def test_in_one_request_and_in_one_commit_too(appender: Appender, redis: Redis) -> None:
    twice = [decide(make_event(1), send=["ads"])] * 2
    await asyncio.gather(*(appender.append(twice) for _ in range(5)))
    assert await counts(redis, "ads") == {"accepted": 1, "repeated": 9}


async def test_its_neighbours_are_taken(appender: Appender, redis: Redis) -> None:
    await appender.append([decide(make_event(1), send=["ads"])])
    await appender.append([decide(make_event(number), send=["ads"]) for number in range(3)])
    assert await counts(redis, "ads") == {"accepted": 3, "repeated": 1}


async def test_another_name_is_another_event(appender: Appender, redis: Redis) -> None:
    for name in ("add_payment_info", "purchase"):
        await appender.append([decide(make_event(1, event_name=name), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}


async def test_a_destination_that_had_it_withheld_may_have_it_later(
    appender: Appender, redis: Redis
) -> None:
    """As when the visitor has consented in between."""
    await appender.append([decide(make_event(1), send=["books"], withhold=["ads"])])
    await appender.append([decide(make_event(1), send=["books", "ads"])])
    assert await counts(redis, "ads") == {"accepted": 2, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 1, "repeated": 1}


async def test_after_the_window_it_is_taken_again(intake: Redis, redis: Redis) -> None:
    appender = Appender(intake, Tally(), nobody, remembered=Remembered(dedupe=1))  # type: ignore[arg-type]
    await appender.append([decide(make_event(1), send=["ads"])])
    seen = DestinationKeys.of("ads").seen + ":" + mark(make_event(1))
    assert 0 < await redis.pttl(seen) <= 1000
    await redis.delete(seen)
    await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}


async def test_a_failed_append_marks_nothing(appender: Appender, redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await appender.append([decide(make_event(1), send=["ads"])])
    await redis.config_set("maxmemory", 0)
    await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 1}


async def test_without_a_window_every_event_is_taken(intake: Redis, redis: Redis) -> None:
    appender = Appender(intake, Tally(), nobody)  # type: ignore[arg-type]
    for _ in range(2):
        await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}
    assert not [key async for key in redis.scan_iter(DestinationKeys.of("ads").seen + "*")]


def test_a_mark_holds_nothing_of_the_event() -> None:
    event = make_event(1, event_id="jane@shop.example")
    (known_by,) = Appendix([decide(event, send=["ads"])], marked=True).marks
    assert known_by == mark(event)
    assert len(known_by) == 24
    assert "jane" not in known_by


@pytest.mark.parametrize("event_id", ["\ud800", "\0", "ü" * 256])
def test_any_id_can_be_marked(event_id: Any) -> None:
    assert mark(make_event(1, event_id=event_id)) != mark(make_event(1))
