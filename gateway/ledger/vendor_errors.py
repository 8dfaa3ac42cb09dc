"""The errors and warnings of a vendor, grouped by ending, status of the response and reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    func,
    literal,
    select,
)

from gateway.event.reasons import common
from gateway.ledger.queries import indexed, unranged
from gateway.ledger.reading import LedgerReader
from gateway.ledger.tables import FAILED, WARNED, attempts, endings
from gateway.queue.fates import SUBMITTED_WORDS
from gateway.queue.receipts import first_receipt, received_at

RETRY = "retry"
"""Stands for the ending of an attempt that failed without ending the event."""

MAX_ROWS = 20_000
"""Maximum number of rows of a day that are looked at, of each kind and for all destinations."""
MAX_SECONDS = 0.5
MAX_GROUPS = 100


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """ending: rejected, expired, ``delivered with warnings`` or `RETRY`. status: of the responses,
    None without one. reason: without what differs from event to event. number: of endings or
    attempts. newest: the receipt of the newest event."""

    ending: str
    status: int | None
    reason: str
    number: int
    newest: str


@dataclass(frozen=True, slots=True)
class VendorErrors:
    """groups: the largest first. looked_since: if it could not look at all rows, the time (Unix
    seconds) since which events are counted."""

    groups: Sequence[ErrorGroup]
    looked_since: float | None = None


class _Kind(NamedTuple):
    """A kind of rows to look at. indexed: the condition of its index, if it has one. failed: the
    condition for rows that tell of a failure, if not all do."""

    table: Table
    indexed: Sequence[ColumnElement[bool]] = ()
    failed: Sequence[ColumnElement[bool]] = ()

    @property
    def receipt(self) -> ColumnElement[bytes]:
        of: ColumnElement[bytes] = self.table.c.receipt
        return unranged(of) if self.indexed else of


# LIKE would ignore case in SQLite
_HAS_FAILED = func.substr(attempts.c.reason, 1, len(SUBMITTED_WORDS)) != SUBMITTED_WORDS

_KINDS = (
    _Kind(endings, [indexed(FAILED)]),
    _Kind(endings, [indexed(WARNED)]),
    _Kind(attempts, failed=[_HAS_FAILED]),
)


def vendor_errors(
    reader: LedgerReader,
    destination: str,
    since: float,
    until: float,
    seconds: float = MAX_SECONDS,
) -> VendorErrors:
    """The errors for events that came in between two times (Unix seconds). seconds: after which it
    stops."""
    deadline = time.monotonic() + seconds
    first, last = (bytes.fromhex(first_receipt(at)) for at in (since, until + 0.001))
    found: dict[tuple[str, int | None, str], tuple[int, bytes]] = {}
    alike: dict[str, str] = {}
    looked = looked_since = first
    for day in reversed(reader.days_between(since, until)):
        if time.monotonic() >= deadline:
            looked = max(first, looked_since)
            break
        looked_since = bytes.fromhex(first_receipt(_start_of(day)))
        with reader.reading.open_day(day) as file:
            if file is None:
                continue
            looked = max(_first_looked_at(file, kind, first, last) for kind in _KINDS)
            for kind in _KINDS:
                for ending, status, reason, receipt in _rows(file, kind, destination, looked, last):
                    if reason not in alike:
                        alike[reason] = common(reason)
                    key = ending, status, alike[reason]
                    number, newest = found.get(key, (0, receipt))
                    found[key] = number + 1, max(newest, receipt)
        if looked > first:
            break
    groups = [ErrorGroup(*key, number, newest.hex()) for key, (number, newest) in found.items()]
    groups.sort(key=lambda group: (-group.number, group.ending, group.reason))
    ended_early = received_at(looked.hex()) if looked > first else None
    return VendorErrors(groups[:MAX_GROUPS], ended_early)


def _first_looked_at(file: Connection, kind: _Kind, first: bytes, last: bytes) -> bytes:
    """The receipt of the oldest event to look at: `first`, unless there are too many rows."""
    of = kind.table.c.receipt
    chosen = kind.receipt.between(first, last), *kind.indexed
    rows = select(of).where(*chosen).order_by(of.desc())
    return file.execute(rows.offset(MAX_ROWS).limit(1)).scalar() or first


def _rows(
    file: Connection, kind: _Kind, destination: str, first: bytes, last: bytes
) -> Sequence[Any]:
    """The rows of a kind, each with its ending, status, reason and receipt."""
    columns = kind.table.c
    ending = columns.ending if kind.indexed else literal(RETRY)
    wanted = select(ending, columns.status, columns.reason, columns.receipt).where(
        kind.receipt.between(first, last),
        *kind.indexed,
        *kind.failed,
        columns.destination == destination,
    )
    return file.execute(wanted).all()


def _start_of(day: str) -> float:
    """The beginning of `day`, in Unix seconds."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
