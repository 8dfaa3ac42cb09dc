"""The newest events and endings since the last look, for one look each second.

Endings are not stored in the order of time. So a look reads the keys of the newest events and
endings by receipt, `READ` of each at most, and then reads only new rows completely. An ending is
missed if more than `READ` endings of newer events are stored before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from gateway.ledger.answers import Listed, listed
from gateway.ledger.queries import LISTED
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import endings, events
from gateway.queue.receipts import first_receipt

READ = 3000
MAX_NEW = 200
"""Maximum number of events, and of endings, that one look returns for each day."""

_SPAN_SECONDS = 3600.0
"""How long before a look an event may have come in."""
_DELAY_SECONDS = 60.0
"""How long the ledger may take to store what has happened."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event that came in. at: Unix seconds."""

    receipt: str
    name: str
    source: str
    at: float


@dataclass(slots=True)
class Look:
    """received, ended: oldest first. passed: how many more there were, which are left out."""

    received: list[Received] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    passed: int = 0


class Newest:
    """Remembers what it has read. since: Unix seconds; what happened earlier is left out."""

    def __init__(self, since: float) -> None:
        self._since = self._first = since
        self._seen: frozenset[tuple[Any, ...]] = frozenset()

    def look(self, reader: LedgerReader, now: float) -> Look:
        """What is new since the last look. Raises as `LedgerReader` does. now: Unix seconds."""
        look, read = Look(), set[tuple[Any, ...]]()
        oldest = now - _SPAN_SECONDS
        for day in reader.days_between(oldest, now + _DELAY_SECONDS):
            with reader.reading.open_day(day) as file:
                if file is None:
                    continue
                came, ended = (file.execute(query).all() for query in _newest_keys(oldest))
                read.update(map(tuple, (*came, *ended)))
                look.received += _events(file, self._new(came, look))
                look.ended += _endings(file, self._new(ended, look))
        self._seen, self._first = frozenset(read), max(self._since, now - _DELAY_SECONDS)
        return look

    def _new(self, rows: Sequence[Row[Any]], look: Look) -> list[Row[Any]]:
        """The newest `MAX_NEW` of the `rows` that the last look did not read. Rows before
        `_first` are not new: when successes are removed, older rows come within `READ`."""
        new = [row for row in rows if row.at >= self._first and tuple(row) not in self._seen]
        look.passed += max(0, len(new) - MAX_NEW)
        return new[:MAX_NEW]


def _newest_keys(since: float) -> Iterator[Select[Any]]:
    """The queries for the keys of events and of endings, newest first."""
    first = bytes.fromhex(first_receipt(since))
    for table, columns in (
        (events, (events.c.receipt, events.c.at)),
        (endings, (endings.c.receipt, endings.c.at, endings.c.destination, endings.c.passage)),
    ):
        wanted = select(*columns).where(table.c.receipt >= first)
        yield wanted.order_by(table.c.receipt.desc()).limit(READ)


def _events(file: Connection, rows: Sequence[Row[Any]]) -> Iterable[Received]:
    wanted = select(events.c.receipt, events.c.name, events.c.source, events.c.at)
    wanted = wanted.where(events.c.receipt.in_([row.receipt for row in rows]))
    found = file.execute(wanted.order_by(events.c.receipt)).all() if rows else ()
    return [Received(row.receipt.hex(), row.name, row.source, row.at) for row in found]


def _endings(file: Connection, rows: Sequence[Row[Any]]) -> Iterable[Listed]:
    """The endings in `rows`, in the order in which they ended."""
    keys = {*map(_key, rows)}
    wanted = select(*LISTED).where(
        endings.c.receipt == events.c.receipt,
        endings.c.receipt.in_([row.receipt for row in rows]),
    )
    found = file.execute(wanted).all() if rows else ()
    new = [row for row in found if _key(row) in keys]
    return map(listed, sorted(new, key=lambda row: (row.at, *_key(row))))


def _key(row: Row[Any]) -> tuple[Any, ...]:
    return row.receipt, row.destination, row.passage
