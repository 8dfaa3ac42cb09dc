"""Common parts of bulk commands: confirmation, rate limit and progress bar."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gateway.cli.terminal import console
from gateway.queue.stored_events import PAGE

T = TypeVar("T")


class Throttle:
    """Lets `rate` events a second through. Time that Redis takes is no credit for later."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next = time.monotonic()

    @property
    def batch(self) -> int:
        """How many events go at once."""
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


def confirmed(question: str, yes: bool) -> bool:
    """True when a person says so, or has said so already by `yes`; else the command ends."""
    raise_if_interrupted()
    return yes or click.confirm(question, abort=True)


def _ignore(_: int) -> None:
    return None


@contextmanager
def progress(
    done_to_them: str, total: int, others: str, note: Callable[[int], None] = _ignore
) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, and at the end, whatever ends it, a line that says how many.

    others: what another command may have done to them in the same time. note: called at the end
    with how many it succeeded with.
    Gives a function to call with how many more were tried, and with how many it succeeded.
    """
    tried = succeeded = 0
    bar = console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    with Progress(*columns, console=bar, disable=not bar.is_terminal) as shown:
        task = shown.add_task("", total=total)

        def advance(count: int, successes: int) -> None:
            nonlocal tried, succeeded
            tried, succeeded = tried + count, succeeded + successes
            shown.advance(task, count)
            raise_if_interrupted()

        try:
            yield advance
        finally:
            shown.stop()
            gone = tried - succeeded
            why = f"; {gone} were {others} by another command" if gone else ""
            click.echo(f"{done_to_them} {succeeded} of {total} events{why}.")
            note(succeeded)


async def completed(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which goes on when Ctrl-C cancels this task: Redis may have done it
    already, and then it counts. `advance` ends the command afterwards."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


def raise_if_interrupted() -> None:
    """Ends the command that was interrupted: Ctrl-C cancels its task, and when that comes just
    before a command of Redis, a time-out inside redis-py takes the cancellation for its own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
