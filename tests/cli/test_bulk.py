"""Commands about many events keep their pace, and end when they are interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

from gateway.cli.stored import bulk
from gateway.cli.stored.bulk import Throttle, batches, completed, confirmed, progress

pytestmark = pytest.mark.anyio


async def interrupted(redis: Redis) -> None:
    """As Ctrl-C does it while the command computes: its next wait is to be the last."""
    await redis.ping()  # connected
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await redis.ping()  # which may well survive it


async def test_an_interrupt_before_a_command_of_redis_ends_the_work(
    redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        with progress("Released", 3, "dropped") as advance:
            advance(1, 1)
            await interrupted(redis)
            advance(1, 1)
            pytest.fail("it went on")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert "of 3 events" in capsys.readouterr().out


async def test_what_redis_does_during_an_interrupt_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun, answered = asyncio.Event(), asyncio.Event()

    async def release() -> int:
        begun.set()
        await answered.wait()
        return 2

    async def work() -> None:
        with progress("Released", 3, "dropped") as advance:
            advance(2, await completed(release()))
            pytest.fail("it went on")

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    answered.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "Released 2 of 3 events" in capsys.readouterr().out


async def test_it_does_not_even_begin(redis: Redis) -> None:
    async def work() -> bool:
        await interrupted(redis)
        return confirmed("Release 3 events?", yes=True)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())


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
    """A clock that moves only while somebody sleeps, or when a test moves it."""

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
