"""Ending tasks, also those that forget to be cancelled."""

from __future__ import annotations

import asyncio

import pytest

from gateway.system.tasks import cancel_and_wait

pytestmark = pytest.mark.anyio


class Forgetful:
    """Work that forgets to be cancelled as often as it is told to."""

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
    """As when a task that ends others in the end is ended itself."""
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
