"""Turns of the event loop that requests of strangers share, however many come at once.

Each request may take some time to read and decide. If a hundred were worked on in one turn, all
other senders and the answers of Redis would wait for all of them. `gateway.web.long_requests`
handles those that take long by themselves.
"""

import asyncio
import time
from collections import deque

from gateway.sources.base import Refused

TURN_SECONDS = 0.01
"""Of one turn. Work that has begun goes on until it next awaits something."""

SMALL_BATCH = 10
"""A request with no more events than this decides them without waiting for a turn."""

LOOKING = 16
"""How many of those that wait check in every turn whether it has time left. If thousands did, that
would take longer than their work."""

MAX_WAITING_BYTES = 32 << 20
"""Of all requests that wait for their turn."""

RETRY_AFTER = 2
"""Seconds after which a sender may try again."""


def too_many() -> Refused:
    return Refused(503, "busy", "too many requests at once; retry later", RETRY_AFTER)


class LongWork:
    """The current turn of the loop, which starts with the first request that asks."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._has_begun = False
        self._looking = asyncio.Semaphore(LOOKING)
        self._queue: deque[object] = deque()
        """Those that check, in the order of their calls; the others wait for the semaphore."""
        self._waiting_bytes = 0

    async def wait(self, size: int) -> None:
        """Returns at once, or in the first turn that has time left, in the order of the calls.

        size: bytes that are kept meanwhile. Raises `Refused` when too many are kept already.
        """
        if not self.is_over():
            return
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise too_many()
        self._waiting_bytes += size
        try:
            async with self._looking:
                await self._wait_in_queue()
        finally:
            self._waiting_bytes -= size

    def is_over(self) -> bool:
        """Whether the caller has to wait: the turn is over, or others wait already."""
        return self._turn_is_over() or bool(self._queue) or self._looking.locked()

    async def _wait_in_queue(self) -> None:
        place = object()
        self._queue.append(place)
        try:
            while self._queue[0] is not place or self._turn_is_over():
                await asyncio.sleep(0)
        finally:
            self._queue.remove(place)

    def _turn_is_over(self) -> bool:
        now = time.perf_counter()
        if not self._has_begun:
            self._has_begun = True
            self._ends = now + TURN_SECONDS
            asyncio.get_running_loop().call_soon(self._end)  # after all that wait in this turn
        return now > self._ends

    def _end(self) -> None:
        self._has_begun = False
