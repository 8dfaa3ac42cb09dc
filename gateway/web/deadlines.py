"""Deadlines of tasks that wait for their senders.

Checking all waiting tasks once a second costs a tenth of a timer for each task.
"""

import asyncio

TOO_SLOW = "too slow"
"""The argument with which a task is cancelled at its deadline."""

LOOK_SECONDS = 1.0
"""Between two checks; no deadline is kept more exactly."""


class Deadlines:
    """Cancels each added task after `seconds`, a whole number, or up to a second later.

    Time in which the process is blocked does not count: what was sent meanwhile is not read yet.
    """

    def __init__(self, seconds: int) -> None:
        self._looks = round(seconds / LOOK_SECONDS)
        self._since: dict[asyncio.Task[object], int] = {}
        self._now = 0
        self._is_looking = False

    def add(self, task: asyncio.Task[object]) -> None:
        """Limits the time of `task`, which is running, from now on."""
        self._since[task] = self._now
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def remove(self, task: asyncio.Task[object]) -> None:
        self._since.pop(task, None)

    def _look(self) -> None:
        self._now += 1
        late = []
        for task, since in self._since.items():  # in the order of their deadlines
            if self._now - since <= self._looks:
                break
            late.append(task)
        for task in late:
            del self._since[task]
            task.cancel(TOO_SLOW)
        self._is_looking = bool(self._since)
        if self._is_looking:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
