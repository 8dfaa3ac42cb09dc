"""The threads that ask the ledger, and how many questions may wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.console.trouble import Trouble
from gateway.ledger.reading import LedgerReader

T = TypeVar("T")

THREADS = 2
"""How many queries of the ledger run at once. More would only take turns on the disk."""

MAX_WAITING = 50
"""Questions that wait. At the usual few hundredths of a second they take a second or two."""

RETRY_SECONDS = 3
BUSY = (
    "Too many pages ask the ledger at the moment, so this one was not made. Events are still "
    "accepted; try again in a few seconds."
)


class LedgerThreads:
    """Each thread has a reader of its own, which `make_reader` makes: a reader answers one question
    after the other."""

    def __init__(self, make_reader: Callable[[], LedgerReader]) -> None:
        self._make_reader = make_reader
        self._executor = ThreadPoolExecutor(THREADS, "ledger")
        self._room = threading.BoundedSemaphore(THREADS + MAX_WAITING)
        self._own = threading.local()

    async def run(self, work: Callable[[LedgerReader], T]) -> T:
        """What `work` returns or raises. Raises `Trouble` with the status 503 where too many wait.
        A question counts until it is answered, even if nobody waits for the answer any more."""
        if not self._room.acquire(blocking=False):
            raise Trouble(503, BUSY, RETRY_SECONDS)
        asked = self._executor.submit(lambda: work(self._reader()))
        asked.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(asked)

    def warm(self, work: Callable[[LedgerReader], object]) -> None:
        """Begins `work` in each thread: the first query of its kind takes twice as long, since
        SQLAlchemy compiles it for each reader. What it raises is left to the pages."""
        for _ in range(THREADS):
            self._executor.submit(lambda: work(self._reader()))

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _reader(self) -> LedgerReader:
        reader: LedgerReader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = self._make_reader()
        return reader
