"""Common parts of work on many events: pace, progress and interruption."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from gateway.queue.stored_events import PAGE

T = TypeVar("T")

Advance = Callable[[int, int], None]
"""Called with how many more events were tried, and how many of them succeeded."""


class Throttle:
    """Lets `rate` events a second through. Time spent in Redis is not made up for later."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next = time.monotonic()

    @property
    def batch(self) -> int:
        """How many events to let through at once."""
        return min(PAGE, max(1, self._rate // 4))

    async def wait(self, count: int) -> None:
        """Waits until `count` more may go."""
        now = time.monotonic()
        self._next = max(self._next, now)
        await asyncio.sleep(self._next - now)
        self._next += count / self._rate


async def batches(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """`items` in order, `size` of them at a time."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def throttled(items: AsyncIterator[T], throttle: Throttle) -> AsyncIterator[list[T]]:
    """`items` in batches, as many a second as `throttle` lets through."""
    async for batch in batches(items, throttle.batch):
        await throttle.wait(len(batch))
        yield batch


@contextmanager
def noted(note: Callable[[int], None], advance: Advance) -> Iterator[Advance]:
    """Yields a function that calls `advance` and then ends the work if it was interrupted. However
    the work ends, `note` is called with the number of events that succeeded."""
    succeeded = 0

    def count(tried: int, successes: int) -> None:
        nonlocal succeeded
        succeeded += successes
        advance(tried, successes)
        raise_if_interrupted()

    try:
        yield count
    finally:
        note(succeeded)


async def completed(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which goes on even when Ctrl-C cancels this task: Redis may have done
    it already, so it must be counted. The function that `noted` yields ends the task afterwards."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


def raise_if_interrupted() -> None:
    """Ends the task if it was cancelled. A time-out inside redis-py swallows a cancellation that
    comes just before a command."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
