"""Ends tasks that would run for ever, and waits for events for a limited time."""

import asyncio
from contextlib import suppress
from typing import Any

AGAIN_SECONDS = 0.1
"""When a task that has not ended is cancelled again."""


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancels `tasks` until they have ended, even if this task is cancelled meanwhile.

    Before Python 3.12, cancelling once may not be enough: `asyncio.wait_for`, through which
    redis-py sends its commands, loses a cancellation that arrives at the moment of its result.
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


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    """Waits for `event`, but no longer than `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
