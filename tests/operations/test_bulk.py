"""Work on many events keeps its pace, ends when it is interrupted, and is noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

from gateway.operations import bulk
from gateway.operations.bulk import Advance, Throttle, batches, completed, noted
from gateway.operations.stopped import Stopped
from tests.support.interrupts import interrupted

pytestmark = pytest.mark.anyio


class Told:
    """What is noted in the log of operators' actions, and what is shown to the operator."""

    def __init__(self) -> None:
        self.noted: list[int] = []
        self.steps: list[tuple[int, int]] = []

    def counting(self) -> AbstractContextManager[Advance]:
        return noted(self.noted.append, lambda *step: self.steps.append(step))


async def test_an_interrupt_before_a_command_of_redis_ends_the_work(redis: Redis) -> None:
    told = Told()

    async def work() -> None:
        with told.counting() as count:
            count(1, 1)
            await interrupted(redis)
            count(1, 1)
            pytest.fail("it went on")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert told.noted == [len(told.steps)]


async def test_what_redis_does_during_an_interrupt_counts() -> None:
    begun, answered = asyncio.Event(), asyncio.Event()
    told = Told()

    async def release() -> int:
        begun.set()
        await answered.wait()
        return 2

    async def work() -> None:
        with told.counting() as count:
            count(3, await completed(release()))
            pytest.fail("it went on")

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    answered.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (told.steps, told.noted) == ([(3, 2)], [2])


async def test_work_that_fails_is_noted_as_well() -> None:
    told = Told()

    def work() -> None:
        with told.counting() as count:
            count(3, 2)
            count(3, 3)
            raise Stopped("full")

    with pytest.raises(Stopped):
        work()
    assert told.noted == [5]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
async def test_batches_are_all_there_is_in_its_order(size: int) -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(7):
            yield number

    found = [batch async for batch in batches(numbers(), size)]
    assert [number for batch in found for number in batch] == list(range(7))
    assert all(len(batch) == size for batch in found[:-1])
    assert 0 < len(found[-1]) <= size


class Clock:
    """A clock that moves only during `sleep`, or when a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bulk, "time", SimpleNamespace(monotonic=clock.monotonic))
    monkeypatch.setattr(bulk, "asyncio", SimpleNamespace(sleep=clock.sleep))
    return clock


async def test_events_go_at_the_rate_that_was_asked_for(clock: Clock) -> None:
    throttle = Throttle(100)
    times = []
    for count in (25, 50, 25):
        await throttle.wait(count)
        times.append(clock.now)
    assert times == [1000.0, 1000.25, 1000.75]


async def test_time_that_redis_takes_counts_and_is_no_credit_for_later(clock: Clock) -> None:
    throttle = Throttle(100)
    await throttle.wait(50)
    clock.now += 0.25  # half of its half second
    await throttle.wait(50)
    assert clock.now == 1000.5
    clock.now += 60
    await throttle.wait(50)
    await throttle.wait(50)
    assert clock.now == 1061.0


@pytest.mark.parametrize(("rate", "size"), [(1, 1), (7, 1), (100, 25), (10**6, bulk.PAGE)])
def test_a_batch_takes_a_quarter_of_a_second_and_is_a_page_at_most(rate: int, size: int) -> None:
    assert Throttle(rate).batch == size
