"""Work in a thread of its own, which ends when the task that asked for it ends."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.console.apart import apart
from gateway.system.tasks import cancel_and_wait

pytestmark = pytest.mark.anyio

NOWHERE = "redis://127.0.0.1:1/0"


async def test_what_it_finds_and_why_it_failed_are_passed_on() -> None:
    async def find(_: object) -> int:
        return 7

    async def fail(_: object) -> int:
        raise ValueError("in vain")

    assert await apart(NOWHERE, find) == 7
    with pytest.raises(ValueError, match="in vain"):
        await apart(NOWHERE, fail)


async def test_pages_do_not_wait_for_the_threads_of_works() -> None:
    pages, go_on = asyncio.get_running_loop(), asyncio.Event()
    pages.set_default_executor(ThreadPoolExecutor(1))
    at_work = asyncio.Semaphore(0)

    async def work(_: object) -> None:
        pages.call_soon_threadsafe(at_work.release)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_on.wait(), pages))

    works = [asyncio.create_task(apart(NOWHERE, work)) for _ in range(3)]
    try:
        async with asyncio.timeout(60):
            for _ in works:
                await at_work.acquire()
            assert await asyncio.to_thread(lambda: 7) == 7
    finally:
        go_on.set()
        await asyncio.gather(*works)


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_work_that_forgets_to_be_cancelled_has_ended_when_who_asked_ends(times: int) -> None:
    is_at_work, left, has_ended = asyncio.Event(), times, False
    pages = asyncio.get_running_loop()

    async def work(_: object) -> None:
        nonlocal left, has_ended
        pages.call_soon_threadsafe(is_at_work.set)
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if left == 0:
                    has_ended = True
                    raise
                left -= 1

    asked = asyncio.create_task(apart(NOWHERE, work))
    await is_at_work.wait()
    await asyncio.wait_for(cancel_and_wait(asked), 60)
    assert (asked.cancelled(), has_ended) == (True, True)
