"""What ends now: for one reader that asks every second, and tells all who watch.

Only the newest events are looked at, of an hour those that failed: an index finds them. An event
that is delivered more than a minute after it came in is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from gateway.ledger.answers import Listed, Wanted, listed
from gateway.ledger.queries import listing
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import INDEXED

SECONDS, FAILURES_SECONDS = 60.0, 3600.0
"""How long ago an event came in at most; one that failed."""
MAX_ENDINGS, MAX_FAILURES = 500, 100
"""Rows that are read at once; of each kind of failure."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """endings: that no earlier call told, those of the oldest events first. is_cut: whether more
    ended than is told."""

    endings: Sequence[Listed]
    is_cut: bool


class Live:
    """For one thread at a time."""

    def __init__(self, reader: LedgerReader) -> None:
        self._reader = reader
        self._told: frozenset[tuple[bytes, str, int]] = frozenset()

    def fresh(self, now: float) -> Fresh:
        """What has ended since the call before; at the first call, the newest endings. now: Unix
        seconds. Raises as `LedgerReader` does."""
        newest = list(self._rows(Wanted(since=now - SECONDS), MAX_ENDINGS))
        rows = {_key(row): row for row in newest}
        for ending in INDEXED:
            of_kind = Wanted(ending=ending, since=now - FAILURES_SECONDS)
            rows.update((_key(row), row) for row in self._rows(of_kind, MAX_FAILURES))
        fresh = [row for key, row in rows.items() if key not in self._told]
        is_cut = len(newest) == MAX_ENDINGS and self._told.isdisjoint(map(_key, newest))
        self._told = frozenset(rows)  # what leaves these rows is older than all that come
        return Fresh([listed(row) for row in sorted(fresh, key=_key)], is_cut)

    def _rows(self, wanted: Wanted, most: int) -> Iterator[Row[Any]]:
        """The newest endings that are wanted."""
        for day in reversed(self._reader.days_between(wanted.since, None)):
            with self._reader.reading.open_day(day) as file:
                rows = file.execute(listing(wanted, None, limit=most)).all() if file else []
            yield from rows
            most -= len(rows)
            if most <= 0:
                return


def _key(row: Row[Any]) -> tuple[bytes, str, int]:
    return row.receipt, row.destination, row.passage
