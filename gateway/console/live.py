"""The tail of the ledger for all who watch it: one reader, however many they are.

The reader looks once a second while somebody watches. Each look becomes a `Tick`, made once for
everybody, and goes into the queue of each viewer. Queues are bounded: a viewer who falls behind is
dropped, and comes back with the id of the last tick received.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from gateway.console.context import Console
from gateway.console.event_rows import EventRow, shown_ending
from gateway.console.trouble import Trouble
from gateway.ledger.answers import Listed
from gateway.ledger.errors import LedgerError
from gateway.ledger.newest import Look, Newest

LOOK_SECONDS = 1.0
LOOK_BACK_SECONDS = 3.0
"""The first look includes what happened this long before it: loading the page takes time."""
MAX_WAITING = 30
"""Ticks in the queue of a viewer: half a minute."""
MAX_REMEMBERED = 60
"""Ticks that are kept for viewers who come back."""
GRACE_SECONDS = 10.0
"""How long the reader goes on when nobody watches: a browser that lost its stream comes back."""
CANNOT_READ = "The ledger cannot be read. It is tried again every second."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """number: ticks are numbered in their order. rows: endings, then events that came in, which
    have no endings; each newest first. passed: how many more of both there were. trouble: why the
    ledger could not be read, or "". is_gap: whether ticks before this one are lost."""

    number: int
    rows: Sequence[EventRow] = ()
    passed: int = 0
    trouble: str = ""
    is_gap: bool = False


@dataclass(eq=False, slots=True)
class Viewer:
    """waiting: ticks not taken yet. dropped: set when there are too many of them."""

    waiting: asyncio.Queue[Tick] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING))
    dropped: asyncio.Event = field(default_factory=asyncio.Event)


class Tail:
    """For one event loop. name: of this run; the numbers of ticks are valid only in it."""

    def __init__(self, console: Console, seconds: float = LOOK_SECONDS) -> None:
        self.name = secrets.token_hex(4)
        self.looks = 0
        self._console = console
        self._seconds = seconds
        self._viewers: set[Viewer] = set()
        self._remembered: deque[Tick] = deque(maxlen=MAX_REMEMBERED)
        self._reading: asyncio.Task[None] | None = None
        self._number = 0

    @contextmanager
    def watched(self) -> Iterator[Viewer]:
        """A new viewer, who gets what comes from now on."""
        viewer = Viewer()
        self._viewers.add(viewer)
        if self._reading is None or self._reading.done():
            self._number += 1  # what came meanwhile is not known
            self._remembered.clear()
            self._reading = asyncio.create_task(self._read())
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def since(self, number: int) -> list[Tick] | None:
        """The ticks after `number`; None if they are not known any more."""
        if number > self._number or number < self._number - len(self._remembered):
            return None
        return [tick for tick in self._remembered if tick.number > number]

    async def _read(self) -> None:
        newest, failed = Newest(time.time() - LOOK_BACK_SECONDS), False
        watched_at = time.monotonic()
        while True:
            began = time.monotonic()
            if self._viewers:
                watched_at = began
            elif began - watched_at >= GRACE_SECONDS:
                return
            self.looks += 1
            try:
                look = await self._console.read(lambda reader: newest.look(reader, time.time()))
                failed = False
            except (LedgerError, sqlite3.Error, DBAPIError, Trouble) as error:
                if not failed:
                    log.warning("the console cannot read the ledger: %s", type(error).__name__)
                    self._tell(Tick(self._next(), trouble=CANNOT_READ))
                failed = True
            else:
                if rows := _rows(look):
                    self._tell(Tick(self._next(), rows, look.passed))
            await asyncio.sleep(max(0.0, self._seconds - (time.monotonic() - began)))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _tell(self, tick: Tick) -> None:
        self._remembered.append(tick)
        for viewer in [*self._viewers]:
            try:
                viewer.waiting.put_nowait(tick)
            except asyncio.QueueFull:
                viewer.dropped.set()
                self._viewers.discard(viewer)


def _rows(look: Look) -> list[EventRow]:
    """The rows of a `Tick`, without personal data."""
    came = [
        EventRow(each.receipt, each.at, each.name, each.source, None, ()) for each in look.received
    ]
    ended = [_ended(each) for each in look.ended]
    return [*reversed([*came, *ended])]


def _ended(each: Listed) -> EventRow:
    ending = shown_ending(each.ending, each.payload)
    return EventRow(each.receipt, each.received_at, each.name, each.source, None, [ending])
