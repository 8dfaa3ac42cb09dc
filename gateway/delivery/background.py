"""The background tasks of a drain: its senders, settling, polling and pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """Tasks that run to their end even if another one fails.

    `asyncio.TaskGroup` would cancel them, and the answers to requests under way would be lost.
    on_change: called when a task has ended or failed.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._tasks: set[asyncio.Task[None]] = set()
        self.error: BaseException | None = None
        """The last failure."""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def fail(self, error: BaseException) -> None:
        self.error = error
        self._on_change()

    async def wait(self) -> None:
        """Returns once no task is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.error = error
        self._on_change()
