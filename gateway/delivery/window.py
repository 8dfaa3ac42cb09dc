"""The window: the entries that a drain has read but not settled, and how many more it may read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from gateway.delivery.planning import Ended
from gateway.delivery.send import Result
from gateway.queue.entry import Entry
from gateway.system.tasks import wait_for_event


class Window:
    """The entries at work. size: the most that may be."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.ids: set[bytes] = set()
        self._changed = asyncio.Event()

    def free(self, size: int, is_waiting: bool) -> int:
        """How many entries to read now, if `size` may be at work.

        is_waiting: whether some wait to be sent. If so, none are read until half of `size` is free:
        reading and settling cost less in large numbers.
        """
        free = max(0, size - len(self.ids))
        return 0 if is_waiting and 2 * free < size else free

    def add(self, entries: Sequence[Entry]) -> None:
        self.ids.update(entry.id for entry in entries)

    def drop(self, entries: Iterable[Entry]) -> None:
        """Removes `entries`, which have ended."""
        self.ids.difference_update([entry.id for entry in entries])
        self.notify()

    def release(self, results: Sequence[Result]) -> None:
        """Removes the entries of `results`, which are settled."""
        for result in results:
            if isinstance(result, Ended):
                self.ids.discard(result.entry.id)
            else:
                self.ids.difference_update([entry.id for entry in result.entries])
        self.notify()

    def notify(self) -> None:
        """Ends `wait`, so that the loop looks again."""
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Returns once something has changed since this was called, or after `seconds`."""
        self._changed.clear()
        await wait_for_event(self._changed, seconds)
