"""With an application ends all that it does, so that a reload leaves no old one at work."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.configuration.settings import Settings
from gateway.system.tasks import cancel_and_wait
from gateway.web import app as app_module

pytestmark = pytest.mark.anyio


async def test_a_task_that_forgets_to_be_cancelled_is_ended() -> None:
    forgotten = 0

    async def forgetful() -> None:
        nonlocal forgotten
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if forgotten == 2:
                    raise
                forgotten += 1

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait(task), 60)
    assert (task.cancelled(), forgotten) == (True, 2)


async def test_a_task_that_has_ended_stays_as_it_is() -> None:
    async def quick() -> int:
        return 7

    task = asyncio.create_task(quick())
    await task
    await cancel_and_wait(task)
    assert task.result() == 7


async def test_at_whatever_moment_an_application_is_closed_nothing_of_it_goes_on(
    redis_url: str, settings: Settings
) -> None:
    random.seed(1)
    before = asyncio.all_tasks()
    for _ in range(30):
        app = app_module.create_app(settings, redis_url)
        async with app.lifespan():
            await asyncio.sleep(random.random() * 0.03)
        async with asyncio.timeout(60):
            while asyncio.all_tasks() != before:
                await asyncio.sleep(0)
