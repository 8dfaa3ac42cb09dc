"""Gives the pages of the console what they read: settings, Redis and the ledger."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.console.apart import Apart, apart
from gateway.console.background import Background
from gateway.console.ledger_threads import LedgerThreads
from gateway.console.personal import status_without_personal
from gateway.console.shared import Shared
from gateway.console.trouble import Trouble, as_sentence
from gateway.ledger.digests import EventDigests
from gateway.ledger.feeding import ledger_digests
from gateway.ledger.place import ledger_of
from gateway.ledger.reading import LedgerReader
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.status import Status, read_status
from gateway.operations.stopped import Stopped

T = TypeVar("T")

SURVEYS = 2
"""How many pages at once look through all stored events."""
MAX_WAITING = 20
"""Pages that wait for their turn to do so. A survey takes a few seconds at most."""
BUSY = (
    "Too many pages look through the stored events at the moment, so this one was not made. Events "
    "are still accepted; try again in a few seconds."
)
RETRY_SECONDS = 5

NO_LEDGER = (
    "This gateway keeps no ledger, so there is no record of single events. Set ledger.enabled, and "
    "use the embedded Redis or a PostgreSQL database (ledger.url)."
)


@dataclass(frozen=True, slots=True)
class Console:
    """settings: the configuration in force. config: its file. jobs_url: of the Redis of RQ. state:
    returns the state of the configuration now. redis_url: of `redis`. background: the work that
    operators have started. shared: data that several viewers get."""

    settings: Settings
    config: Path
    redis: Redis
    jobs_url: str
    state: Callable[[], ConfigurationState]
    redis_url: str
    background: Background = field(default_factory=Background)
    shared: Shared = field(default_factory=Shared, repr=False)
    _surveys: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(SURVEYS), repr=False
    )
    _room: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(SURVEYS + MAX_WAITING), repr=False
    )
    _threads: LedgerThreads = field(init=False, repr=False)

    def __post_init__(self) -> None:
        threads = LedgerThreads(lambda: LedgerReader(ledger_of(self.settings)))
        object.__setattr__(self, "_threads", threads)

    async def read(self, work: Callable[[LedgerReader], T]) -> T:
        """The result of `work`, which reads the ledger in a thread. Raises `Trouble` if there is no
        ledger or too many ask at once, and what `LedgerReader` raises."""
        if not self.settings.has_ledger:
            raise Trouble(404, NO_LEDGER)
        return await self._threads.run(work)

    def warm(self, work: Callable[[LedgerReader], object]) -> None:
        """Begins `work` in each thread that reads the ledger, if there is one."""
        if self.settings.has_ledger:
            self._threads.warm(work)

    async def status(self) -> Status:
        """The status by the clock of Redis, without personal data. Raises a redis-py error when
        Redis does not answer."""
        seconds, microseconds = await self.redis.time()
        now = seconds + microseconds / 1e6
        return status_without_personal(
            await read_status(self.redis, self.settings, now, self.state())
        )

    async def survey(self, work: Apart[T]) -> T:
        """The result of `work`, which does not block other pages. Raises `Trouble` if it stops or
        too many wait, and a redis-py error."""
        if not self._room.acquire(blocking=False):
            raise Trouble(503, BUSY, RETRY_SECONDS)
        try:
            async with self._surveys:
                return await apart(self.redis_url, work)
        except Stopped as stopped:
            raise Trouble(409, as_sentence(str(stopped))) from None
        finally:
            self._room.release()

    def digests(self) -> EventDigests:
        """Raises `Trouble` as `read` does."""
        if not self.settings.has_ledger:
            raise Trouble(404, NO_LEDGER)
        return ledger_digests(self.settings)

    def close(self) -> None:
        self._threads.close()
