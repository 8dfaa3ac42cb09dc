"""Ending tasks, even those that lose cancellations, and waiting for events."""

from __future__ import annotations

import asyncio

import pytest

from gateway.system.tasks import cancel_and_wait, wait_for_event

pytestmark = pytest.mark.anyio


class Forgetful:
    """Work that loses the first `times` cancellations."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def run(self) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if self.left == 0:
                    raise
                self.left -= 1


async def test_tasks_that_forget_to_be_cancelled_are_ended() -> None:
    works = [Forgetful(times) for times in (2, 0, 1)]
    tasks = [asyncio.create_task(work.run()) for work in works]
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait(*tasks), 60)
    assert [task.cancelled() for task in tasks] == [True, True, True]
    assert [work.left for work in works] == [0, 0, 0]


async def test_they_are_even_if_who_ends_them_is_cancelled() -> None:
    """As when a task is cancelled while it ends others."""
    task = asyncio.create_task(Forgetful(3).run())
    await asyncio.sleep(0)
    ending = asyncio.create_task(cancel_and_wait(task))
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait(ending), 60)
    assert (task.cancelled(), ending.cancelled()) == (True, True)


async def test_a_task_that_has_ended_stays_as_it_is() -> None:
    async def quick() -> int:
        return 7

    task = asyncio.create_task(quick())
    await task
    await cancel_and_wait(task)
    assert task.result() == 7


@pytest.mark.parametrize(("is_set", "seconds"), [(True, 0), (True, 60), (False, 0), (False, 0.01)])
async def test_an_event_is_waited_for_no_longer_than_told(is_set: bool, seconds: float) -> None:
    event = asyncio.Event()
    if is_set:
        event.set()
    async with asyncio.timeout(30):
        await wait_for_event(event, seconds)


async def test_waiting_for_an_event_ends_when_it_is_set_or_when_cancelled() -> None:
    event = asyncio.Event()
    waiting, cancelled = (asyncio.create_task(wait_for_event(event, 60)) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    event.set()
    async with asyncio.timeout(30):
        await asyncio.wait([waiting, cancelled])
    assert (waiting.exception(), cancelled.cancelled()) == (None, True)
