"""Ending tasks that would go on for ever."""

import asyncio
from typing import Any

_AGAIN_SECONDS = 0.1


async def cancel_and_wait(task: asyncio.Task[Any]) -> None:
    """Cancels `task` until it has ended.

    Before Python 3.12 once may not be enough: `asyncio.wait_for`, through which redis-py sends its
    commands, forgets a cancellation that comes at the moment when what it waits for is there.
    Source: github.com/python/cpython/issues/86296
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)
