"""Commands about many events end when they are interrupted, whatever they are at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gateway.commands.bulk import batches, confirmed, progress

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
