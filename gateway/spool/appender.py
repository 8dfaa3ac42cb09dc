"""The spooling appender: while Redis cannot accept the events of browsers, which seldom retry, it
stores them on disk.

It stores the pipeline's decisions: the entries that each destination may have. While anything is in
the spool, new events go to its end, so that all reach Redis in order.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar, TypeVarTuple

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gateway.configuration.settings import Settings
from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full, are_trusted
from gateway.queue.append import WINDOW, Appender
from gateway.queue.append_batch import AppendBatch
from gateway.queue.bounds import ALL_MEMORY, share_of
from gateway.queue.capacity import read_memory_usage
from gateway.queue.commits import Series
from gateway.queue.group_commit import GroupCommit
from gateway.queue.remembered import remember
from gateway.redis_client.connect import RedisError
from gateway.redis_client.namespace import DEFAULT_NAMESPACE
from gateway.spool.file import Portion, SpoolError, SpoolFull
from gateway.spool.folder import SpoolFolder
from gateway.spool.row import Row
from gateway.system.tasks import cancel_and_wait, wait_for_event

log = logging.getLogger(__name__)

PROBE_SECONDS = 0.5
"""How often the gateway tries to feed while Redis is away."""

ADOPT_SECONDS = 10.0
"""How often the folder is searched for files of dead processes."""

CLOSE_SECONDS = 5.0

LITTLE = 256
"""How many spooled events may be fed while new ones have to wait."""

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class SpoolNumbers:
    """events, bytes: in the spool now. spooled: events stored since this process started."""

    events: int
    bytes: int
    spooled: int


def build_spool(settings: Settings) -> SpoolFolder | None:
    """The folder of the spool; None if the spool is switched off and has nothing from before."""
    folder = _folder_of(settings)
    return folder if settings.spool.enabled or folder.has_files else None


def warn_of_left_events(before: Settings, after: Settings) -> None:
    """Logs a warning if events wait in the folder that the settings `before` name, and those
    `after` name another one."""
    old, new = _folder_of(before), _folder_of(after)
    if old.folder != new.folder and old.has_files:
        log.warning(
            "spool: events wait in %s, but spool.folder is now %s, and nothing sends them from "
            "there; stop the gateway and move the files of the old folder into the new one",
            *(old.folder, new.folder),
        )


def _folder_of(settings: Settings) -> SpoolFolder:
    spool, namespace = settings.spool, settings.redis.namespace
    name = "spool" if namespace == DEFAULT_NAMESPACE else f"spool-{namespace}"
    return SpoolFolder(spool.folder or settings.redis.data_dir / name, spool.max_bytes)


class SpoolingAppender:
    """Appends as `appender` does, stores on disk what Redis cannot accept, and feeds it to
    `appender` when Redis is back.

    redis: the server of `appender`.
    """

    def __init__(self, appender: Appender, redis: Redis, folder: SpoolFolder) -> None:
        self.appender = appender
        self._commits = GroupCommit(  # all may wait, as long as it takes
            self._commit, weigh=attrgetter("weight"), size=attrgetter("size"), window=WINDOW
        )
        self._series = Series()
        self._redis = redis
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "spool")
        self._feeder: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._stirred = asyncio.Event()
        self._turn = asyncio.Lock()
        self._detour = False
        self._spooled = self._fed = 0
        self._since = 0.0
        self._complaint = ""

    @property
    def is_spooling(self) -> bool:
        """Whether new events go to disk."""
        return self._detour

    @property
    def numbers(self) -> SpoolNumbers:
        return SpoolNumbers(self._folder.events, self._folder.bytes, self._spooled)

    async def append(self, decisions: list[Decision]) -> bool:
        """Returns once the events of `decisions` are durable in Redis or on disk.

        The result is whether events are held whose page has now stated consent. It is False while
        events go to disk, when this is not known; the next statement of the page counts then.

        Events of trusted senders go to Redis while its memory is closed to untrusted ones only.

        Raises `SpoolError` when neither can take them, `Full` when a destination has reached its
        own limit (perhaps after a part was appended, as `gateway.queue.admission` says),
        `Overloaded` when too much waits, and TypeError when an event cannot be represented in JSON.
        Before `open` and after `close` nothing is spooled: then it raises a redis-py error.
        """
        closed, trusted = self.appender.closed, are_trusted(decisions)
        if ALL_MEMORY in closed.untrusted:
            if trusted and ALL_MEMORY not in closed.trusted:
                return await self.appender.append(decisions)
            closed = closed.without_memory()  # the spool has room
        if self._detour and self._folder.share >= share_of(trusted):
            raise SpoolFull("the spool has reached its limit")
        return await self.appender.submit(self._commits, decisions, closed)

    async def open(self) -> None:
        """Takes over the files of dead processes, and starts to feed. Logs an error if the folder
        cannot be used."""
        try:
            await self._adopt()
        except SpoolError as error:
            log.error("spool: %s cannot be used: %s", self._folder.folder, error)
        self._feeder = asyncio.create_task(self._feed_forever())

    async def close(self) -> None:
        """Stops feeding after the portion under way. The other events stay on disk."""
        if self._feeder is None:
            return
        self._closing.set()
        self._stirred.set()
        await asyncio.wait([self._feeder], timeout=CLOSE_SECONDS)
        await cancel_and_wait(self._feeder)
        self._feeder = None
        await self._in_thread(self._folder.close)
        self._thread.shutdown()

    async def _commit(self, group: list[AppendBatch]) -> None:
        async with self._turn:
            if not self._detour or self._feeder is None:
                try:
                    await self._commit_to_redis(group)
                    return
                except (RedisError, Full) as error:
                    if self._feeder is None:
                        raise
                    why = str(error) if isinstance(error, Full) else type(error).__name__
                    self._begin_detour(why)
            await self._store(group)

    async def _commit_to_redis(self, group: list[AppendBatch]) -> None:
        if reason := self.appender.closed.untrusted.get(ALL_MEMORY):
            raise Full(reason)
        tried = self._series.next()
        try:
            await self.appender.write(group, [tried])
        except RedisError:
            for batch in group:
                batch.tried = tried
            raise

    async def _store(self, group: list[AppendBatch]) -> None:
        rows = [Row.of(batch) for batch in group]
        await self._in_thread(self._folder.put, rows)
        self._spooled += sum(row.events for row in rows)

    async def _feed_forever(self) -> None:
        while not self._closing.is_set():
            try:
                if not self._detour:
                    await wait_for_event(self._stirred, ADOPT_SECONDS)
                    self._stirred.clear()
                    await self._adopt()
                elif not await self._drain():
                    await wait_for_event(self._closing, PROBE_SECONDS)
                self._complaint = ""
            except (RedisConnectionError, RedisTimeoutError):
                await wait_for_event(self._closing, PROBE_SECONDS)
            except Exception as error:
                self._complain(error)
                await wait_for_event(self._closing, PROBE_SECONDS)

    async def _drain(self) -> bool:
        """Feeds until nothing is left, ends the detour and returns True; False if it stops before,
        because Redis has no more room or the spool is closing."""
        while not self._closing.is_set() and await self._has_room():
            portion = await self._in_thread(self._folder.first)
            if portion is not None and self._folder.events - portion.events > LITTLE:
                await self._feed(portion)
                continue
            async with self._turn:  # nothing is added to the rest now, or the end might never come
                while portion is not None:
                    await self._feed(portion)
                    portion = await self._in_thread(self._folder.first)
                self._end_detour()
            return True
        return False

    async def _has_room(self) -> bool:
        usage = await read_memory_usage(self._redis)
        return usage is None or not usage.is_closed(
            trusted=False
        )  # without the right to ask, an append will tell

    async def _feed(self, portion: Portion) -> None:
        # destinations may have been removed from the configuration and forgotten in the meantime
        names = {name for batch in portion.batches for name in batch.sent}
        await remember(self._redis, self.appender.keys, names)
        await self._in_thread(self._folder.begin, portion)
        await self.appender.write(portion.batches, portion.commits)
        self._fed += portion.events
        await self._in_thread(self._folder.remove, portion)

    async def _adopt(self) -> None:
        await self._in_thread(self._folder.adopt)
        if self._folder.events and not self._detour:
            self._begin_detour("events of an earlier process are waiting")

    def _begin_detour(self, why: str) -> None:
        self._detour, self._fed, self._since = True, 0, time.monotonic()
        self._stirred.set()
        log.warning("spool: storing events of browsers in %s: %s", self._folder.folder, why)

    def _end_detour(self) -> None:
        self._detour = False
        self.appender.closed = self.appender.closed.without_memory()
        seconds = time.monotonic() - self._since
        log.warning("spool: empty again after %.0f s, %d events sent to Redis", seconds, self._fed)

    def _complain(self, error: Exception) -> None:
        """Logs `error`, but not the same one twice in a row."""
        complaint = f"{type(error).__name__}: {error}"
        if complaint != self._complaint:
            known = isinstance(error, SpoolError | RedisError)
            log.error(
                "spool: could not send events to Redis: %s",
                complaint,
                exc_info=None if known else error,
            )
        self._complaint = complaint

    async def _in_thread(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)
