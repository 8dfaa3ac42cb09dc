"""Requests that take long: a few of them are processed at a time, and they are read in a thread.

A request can state fields once for all of its events, of which it has up to a thousand. Each event
gets them all, so that 10 KB can take a second to read, and 25 KB hold 10 MB of memory from then
until its events are stored. `Source.read` is a pure function, so it does not matter where it runs;
the interpreter gives the event loop its turn every few milliseconds.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from gateway.sources.base import Batch, Inbound, Source
from gateway.web.long_work import MAX_WAITING_BYTES, too_many

SMALL_REQUEST_BYTES = 1_024
"""Of the query and the body. A request that is no larger takes a few milliseconds at most."""

SMALL_BODY_BYTES = 4_096
"""Of a body that is no JSON object, and of a query without a body."""

SMALL_PARTS = 40
"""Lines and objects in the body of a few events."""

MAX_PLAIN_BYTES = 65_536
"""Of a JSON object with no more than `SMALL_PARTS`, which is read at once."""

MAX_SHARED_QUERY_BYTES = 16_384
"""Of a query that all lines share, times their number."""

MAX_SHARED_BYTES = 1 << 20
"""Of an object that the objects in it may share, times their number."""

PLACES = 2
"""Two, so that one is read or decided while the events of the other are being stored."""

MAX_WAIT = 10.0
"""Seconds that a request waits for its place."""


def takes_long(source: Source[Any], request: Inbound) -> bool:
    """Whether `request` to `source` can have many events that share many fields.

    Each event is an object or a line of its own, unless the source takes texts. What is not JSON
    may be an encoding of it.
    """
    body, query = request.body, request.query
    if not body:
        return len(query) > SMALL_BODY_BYTES
    size = len(body) + len(query)
    if size <= SMALL_REQUEST_BYTES:
        return False
    parts = body.count(b"{") + body.count(b"\n")
    if parts > SMALL_PARTS:
        return True
    if not body.startswith(b"{"):
        return size > SMALL_BODY_BYTES or parts * len(query) > MAX_SHARED_QUERY_BYTES
    return source.text_events or size > MAX_PLAIN_BYTES or parts * size > MAX_SHARED_BYTES


class Lane:
    """The requests of one kind of sender: `PLACES` of them are processed at a time, in the order in
    which they came."""

    def __init__(self, thread: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread)
        self._places = asyncio.Semaphore(PLACES)
        self._waiting_bytes = 0

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[None]:
        """A place for a request with `size` bytes, from before it is read until its events are
        stored. Raises `Refused` when too many bytes wait already, or it has waited too long."""
        await self._enter(size)
        try:
            yield
        finally:
            self._places.release()

    async def read(self, source: Source[Any], request: Inbound) -> Batch:
        """What `source` reads in `request`, in a thread. Raises `Refused` as `Source.read` does."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, source.read, request)

    async def _enter(self, size: int) -> None:
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise too_many()
        self._waiting_bytes += size
        try:
            async with asyncio.timeout(MAX_WAIT):
                await self._places.acquire()
        except TimeoutError:
            raise too_many() from None
        finally:
            self._waiting_bytes -= size


class LongRequests:
    """A lane for strangers, and one for senders who show a key: these do not wait for strangers."""

    def __init__(self) -> None:
        self._strangers = Lane("read-strangers")
        self._keyed = Lane("read-keyed")

    def lane(self, source: Source[Any], request: Inbound) -> Lane:
        """The lane for `request` to `source`."""
        return self._keyed if source.shows_key(request) else self._strangers
