"""The pace of reading: events are read together; neither a lone event nor a full batch waits."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from gateway.delivery.reading_pace import READ_SECONDS, ReadingPace
from tests.support.drains import Fill, Start
from tests.support.keys import KEYS
from tests.support.scripted_vendor import Vendor

LINGER = 0.2


def paused(pace: ReadingPace, found: list[int], asked: int = 100) -> list[float]:
    """The pauses after reads, each as early as allowed. found: how many events each read finds."""
    now, pauses = 1000.0, []
    for each in found:
        now += pace.wait(now)
        pace.has_read(each, asked, now)
        pauses.append(round(pace.wait(now), 6))
    return pauses


def test_a_lone_event_after_a_silence_does_not_wait() -> None:
    pace = ReadingPace(LINGER)
    assert pace.wait(0.0) == 0
    pace.has_read(1, 100, 1000.0)
    assert pace.wait(1000.0) == pytest.approx(READ_SECONDS)
    assert pace.wait(1001.0) == 0


def test_pauses_grow_to_the_linger_while_events_keep_coming() -> None:
    assert paused(ReadingPace(LINGER), [1] * 8) == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.2, 0.2]


def test_after_a_silence_they_grow_from_the_start() -> None:
    pace = ReadingPace(LINGER)
    paused(pace, [1] * 8)
    pace.has_read(1, 100, 2000.0)
    assert pace.wait(2000.0) == pytest.approx(READ_SECONDS)


def test_a_full_batch_leaves_at_once_and_makes_the_next_pauses_shorter() -> None:
    found = [1, 1, 1, 1, 100, 100, 1]
    assert paused(ReadingPace(LINGER), found) == [0.005, 0.01, 0.02, 0.04, 0, 0, 0.02]


def test_without_a_linger_only_events_that_come_at_once_are_read_together() -> None:
    assert paused(ReadingPace(0.0), [1, 1, 1]) == [READ_SECONDS] * 3


@pytest.mark.anyio
@pytest.mark.usefixtures("quick")
async def test_a_drain_that_lingers_ends_as_soon_as_it_is_stopped(start: Start, fill: Fill) -> None:
    await fill(1)
    vendor = Vendor()
    drain = await start(vendor, size=2, linger=10.0, idle=60.0)
    for _ in range(12):
        drain._pace.has_read(1, 500, time.monotonic())
    running = asyncio.create_task(drain.run())
    began = time.monotonic()
    await asyncio.sleep(0.2)
    drain.stop()
    await running
    assert time.monotonic() - began < 9
    assert vendor.requests == [], "it was lingering"


@pytest.mark.anyio
@pytest.mark.usefixtures("quick")
async def test_a_pause_that_ends_too_early_is_no_reason_to_leave(
    start: Start, fill: Fill, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timers of an event loop are only exact to a millisecond."""
    await fill(1)
    await redis.rpush(KEYS.queue_key, "a job for another destination")
    vendor = Vendor()
    drain = await start(vendor)
    monkeypatch.setattr(drain, "_linger", lambda: asyncio.sleep(0))
    drain._pace.has_read(1, 2, time.monotonic())
    await drain.run()
    assert len(vendor.requests) == 1
