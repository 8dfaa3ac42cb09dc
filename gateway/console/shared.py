"""Data that many viewers ask for at once: it is made for the first, and given to the others too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

FRESH_SECONDS = 5.0
"""How old an answer may be. Pages refresh themselves every 10 s."""


class Shared:
    """For one event loop. Keys are few: viewers cannot choose them freely."""

    def __init__(
        self, seconds: float = FRESH_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._made: dict[str, tuple[float, asyncio.Task[Any]]] = {}

    async def get(self, key: str, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What `make` returns, or returned a moment ago. If it raises, so does this for all who
        wait for it; the next caller tries again."""
        now = self._clock()
        began, task = self._made.get(key, (now, None))
        if task is None or now - began >= self._seconds or _has_failed(task):
            task = asyncio.create_task(make())
            self._made[key] = now, task
        return await asyncio.shield(task)  # a viewer who goes away cancels it for nobody else


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
