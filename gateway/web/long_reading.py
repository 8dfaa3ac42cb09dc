"""Requests that take long to read are read in a thread, while the event loop goes on.

A request can state fields once for all of its events, of which it has up to a thousand. Each event
gets them all, so that 10 KB can take a second. `Source.read` is a pure function, so it does not
matter where it runs; the interpreter gives the event loop its turn every few milliseconds.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gateway.sources.base import Batch, Inbound, Source
from gateway.web.long_work import MAX_WAITING_BYTES, SMALL_BODY_BYTES, too_many

SMALL_REQUEST_BYTES = 1_024
"""Of the query and the body. One that is no larger takes a few milliseconds at most."""

SMALL_PARTS = 40
"""Lines and objects in the body of a few events."""

MAX_PLAIN_BYTES = 65_536
"""Of a JSON object with so few of them, which is read at once."""


def takes_long(request: Inbound) -> bool:
    """Whether `request` can have many events that share many fields.

    Each event is an object or a line of its own. What is not JSON may be an encoding of it.
    """
    body = request.body
    size = len(body) + len(request.query)
    if size <= SMALL_REQUEST_BYTES or not body:
        return False
    if body.count(b"{") + body.count(b"\n") > SMALL_PARTS:
        return True
    return size > (MAX_PLAIN_BYTES if body.startswith(b"{") else SMALL_BODY_BYTES)


class LongReading:
    """Reads one request of a stranger at a time, and one of those who show a key, which do not wait
    for strangers."""

    def __init__(self) -> None:
        self._strangers = _Lane("read-strangers")
        self._keyed = _Lane("read-keyed")

    async def read(self, source: Source[Any], request: Inbound) -> Batch:
        """What `source` reads in `request`. Raises `Refused` as it does, and when too many bytes
        wait already."""
        lane = self._keyed if source.shows_key(request) else self._strangers
        return await lane.read(source, request)


class _Lane:
    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._waiting_bytes = 0

    async def read(self, source: Source[Any], request: Inbound) -> Batch:
        size = len(request.body)
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise too_many()
        self._waiting_bytes += size
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, source.read, request)
        finally:
            self._waiting_bytes -= size
