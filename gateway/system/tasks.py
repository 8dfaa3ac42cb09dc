"""Ending tasks that would go on for ever."""

import asyncio
from typing import Any

AGAIN_SECONDS = 0.1
"""After which a task that has not ended is cancelled again."""


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancels `tasks` until they have ended, even if this task is cancelled meanwhile.

    Before Python 3.12 once may not be enough: `asyncio.wait_for`, through which redis-py sends its
    commands, forgets a cancellation that comes at the moment when what it waits for is there.
    Source: github.com/python/cpython/issues/86296
    """
    cancelled = None
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        try:
            await asyncio.wait(running, timeout=AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
