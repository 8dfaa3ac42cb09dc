"""The interface between the writer and a place where the ledger is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.configuration.ledger import Successes
from gateway.ledger.day_rows import DayRows
from gateway.ledger.reading import Readable
from gateway.ledger.retention import Retained
from gateway.ledger.totals import Ended


class Store(Retained, Protocol):
    """Stores the ledger day by day. Days are written like ``2026-11-30``.

    A day that is over has been removed: only its counts and its failures are kept. All methods
    except `close` raise `LedgerError`, sqlite3.Error or OSError; then the store must be closed, and
    may be opened again. All except `open` and `close` need it open.
    """

    def open(self) -> None:
        """Takes the lock that only one process can have, unless the store is open. Raises
        `LedgerTaken` when another process has the lock."""

    def close(self) -> None: ...

    def last_id(self, day: str, feed: str) -> str:
        """The id of the last record of `feed` that is stored for `day`; ``0-0`` for none. For a day
        that is over: the last one stored when the day was removed, or added late to any such day,
        whichever is later."""

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        """The name, source, consent states as JSON, country and browser of an event."""

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        """Stores `rows`, all or none. last_id: of the last record of `feed` that they are from.
        Raises ValueError, such as `RefusedValue`, for rows that can never be stored."""

    def add_late(self, days: Mapping[str, DayRows], feed: str, last_id: str) -> None:
        """Counts records for days that are over, all or none, and stores what became of the
        failures of these days; their other events have no rows any more. Raises as `write` does."""

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        """Keeps the configuration that is in force: since `now`, unless it is the newest one."""

    def has_baseline(self, feed: str) -> bool: ...

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        """Keeps what Redis had counted when the ledger began on `feed`."""


class Writable(Readable, Protocol):
    """The place of a ledger that can be written."""

    def to_write(self, successes: Successes = "all") -> Store:
        """The store. successes: which succeeded events are kept; see `LedgerSettings`."""
