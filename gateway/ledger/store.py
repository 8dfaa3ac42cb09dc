"""What the writer needs of a place where the ledger is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.configuration.ledger import Successes
from gateway.ledger.day_rows import DayRows
from gateway.ledger.reading import Readable
from gateway.ledger.retention import Retained
from gateway.ledger.totals import Ended


class Store(Retained, Protocol):
    """Where the ledger is written, day by day. A day is such as ``2026-11-30``.

    A day that is over has been removed: its counts and its failures are kept.
    All methods but `open` and `close` need it open. They raise `LedgerError`, sqlite3.Error or
    OSError; then it has to be closed, and may be opened again.
    """

    def open(self) -> None:
        """Takes the lock that one process holds, unless it is open. Raises `LedgerTaken` when
        another process has it."""

    def close(self) -> None: ...

    def last_id(self, day: str, feed: str) -> str:
        """The id of the last record of `feed` that is stored for `day`; ``0-0`` for none. Of a day
        that is over that is what it had stored when it was removed, or what was added late to any
        such day if that is later."""

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        """The name, source, consent states as JSON, country and browser of an event."""

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        """Stores `rows`, which end with the record `last_id` of `feed`, all or none. Raises
        ValueError, such as `RefusedValue`, for rows that can never be stored."""

    def add_late(self, days: Mapping[str, DayRows], feed: str, last_id: str) -> None:
        """Counts what came for days that are over, all or none, and stores what became of their
        failures. Of all else there is no row any more. Raises as `write` does."""

    def keep_configuration(self, version: str, text: str, now: float) -> None: ...

    def has_baseline(self, feed: str) -> bool: ...

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        """Keeps what Redis had counted when the ledger began on `feed`."""


class Writable(Readable, Protocol):
    """Where a ledger is."""

    def to_write(self, successes: Successes = "all") -> Store:
        """successes: which events are kept that succeeded; see `LedgerSettings`."""
