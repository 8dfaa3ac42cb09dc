"""Work in a thread of its own, which ends with who asked for it."""

from __future__ import annotations

import asyncio

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
