"""Erasure in the ledger: deletes the rows of events from the files of their days. The counts stay.

The process that writes has the same files open. Deleted rows are overwritten (``secure_delete``),
but copies of rows that SQLite moved from page to page stay in unused parts of pages. So after the
deletion a file is rewritten (``VACUUM``), and its write-ahead log is truncated. Meanwhile the
process that writes waits, and its records wait in Redis: about 15 seconds for 1 GB.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gateway.ledger.database import NotYetMade, open_to_change
from gateway.ledger.errors import LedgerError
from gateway.ledger.folder_files import FolderFiles
from gateway.ledger.tables import AT_ANY_HOUR, EVENT_TABLES, IS_DELIVERED

LOOK_SECONDS = 0.02
WAIT_SECONDS = 60.0
"""How long to wait for readers and the process that writes."""


@dataclass(slots=True)
class Erased:
    """What was erased. events: how many had rows. delivered: by destination, how many of them were
    delivered there."""

    events: int = 0
    delivered: Counter[str] = field(default_factory=Counter)

    def add(self, other: Erased) -> None:
        """other: of the same events in another place."""
        self.events = max(self.events, other.events)
        self.delivered |= other.delivered


class Erasing(Protocol):
    """Erasure in a ledger, in files or in PostgreSQL."""

    def receipts_of(self, digests: Sequence[str]) -> dict[str, set[str]]:
        """The receipts of all events that have one of `digests`, by their day."""

    def delivered_of(self, day: str, receipts: Collection[str]) -> Counter[str]:
        """How many of the events were delivered to each destination."""

    def erase_day(self, day: str, receipts: Collection[str]) -> Erased:
        """Removes what is stored of the events `receipts` of `day`."""


@dataclass(frozen=True, slots=True)
class FolderErasure:
    """An `Erasing` in the files of a folder. Raises `LedgerError` or sqlite3.Error."""

    folder: FolderFiles

    def receipts_of(self, digests: Sequence[str]) -> dict[str, set[str]]:
        return receipts_of(self.folder, digests)

    def delivered_of(self, day: str, receipts: Collection[str]) -> Counter[str]:
        return delivered_of(self.folder, day, receipts)

    def erase_day(self, day: str, receipts: Collection[str]) -> Erased:
        return erase_day(self.folder, day, receipts)


def receipts_of(folder: FolderFiles, digests: Sequence[str]) -> dict[str, set[str]]:
    """The receipts of all events that have one of `digests`, by their day. Raises `LedgerError` or
    sqlite3.Error."""
    found: dict[str, set[str]] = {}
    keys = [*map(bytes.fromhex, digests)]
    places = ", ".join("?" * len(digests))
    statement = f"SELECT receipt FROM lookups WHERE digest IN ({places}) AND {AT_ANY_HOUR}"
    for day in folder.all_days():
        for path in folder.databases(day):
            with _open(path) as file:
                rows = file.execute(statement, keys).fetchall() if file else []
            if rows:
                found.setdefault(day, set()).update(receipt.hex() for (receipt,) in rows)
    return found


def delivered_of(folder: FolderFiles, day: str, receipts: Collection[str]) -> Counter[str]:
    """How many of the events were delivered to each destination. Raises as `receipts_of` does."""
    delivered: Counter[str] = Counter()
    for path in folder.databases(day):
        with _open(path) as file:
            if file:
                _choose(file, receipts)
                delivered |= _delivered(file)
    return delivered


def erase_day(folder: FolderFiles, day: str, receipts: Collection[str]) -> Erased:
    """Removes what the files of `day` have of the events `receipts`. Raises `LedgerError` or
    sqlite3.Error."""
    erased = Erased()
    for path in folder.databases(day):
        with _open(path) as file:
            if file:
                erased.add(_erase(file, receipts))
                _without_traces(file, day)
    return erased


def _erase(file: sqlite3.Connection, receipts: Collection[str]) -> Erased:
    file.execute("BEGIN IMMEDIATE")
    _choose(file, receipts)
    erased = Erased(delivered=_delivered(file))
    for table in EVENT_TABLES:
        deleted = file.execute(f"DELETE FROM {table} WHERE receipt IN chosen")
        erased.events = deleted.rowcount
    file.execute("COMMIT")
    return erased


def _without_traces(file: sqlite3.Connection, day: str) -> None:
    """Rewrites `file` and truncates its log. Raises `LedgerError` when other processes keep it from
    doing so for too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    for step in (_vacuum, _truncate_log):
        while not step(file):
            time.sleep(LOOK_SECONDS)
            if time.monotonic() > deadline:
                raise LedgerError(
                    f"the rows of {day} are deleted, but another process kept the file from being "
                    "written again; run the command again"
                )


def _vacuum(file: sqlite3.Connection) -> bool:
    """Rewrites `file`. Returns False if another process is in the way."""
    try:
        file.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _truncate_log(file: sqlite3.Connection) -> bool:
    """Truncates the log of `file`. Returns False if other processes are in the way: SQLite waits
    for readers and writers up to its time-out."""
    (busy, _, _) = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _choose(file: sqlite3.Connection, receipts: Collection[str]) -> None:
    """Puts `receipts` into a temporary table, which only this connection sees."""
    file.execute("CREATE TEMP TABLE chosen (receipt BLOB PRIMARY KEY) WITHOUT ROWID")
    rows = [(bytes.fromhex(each),) for each in receipts]
    file.executemany("INSERT INTO chosen VALUES (?)", rows)


def _delivered(file: sqlite3.Connection) -> Counter[str]:
    statement = (
        "SELECT destination, count(*) FROM endings "
        f"WHERE {IS_DELIVERED} AND receipt IN chosen GROUP BY destination"
    )
    return Counter(dict(file.execute(statement).fetchall()))


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The file at `path`; None if its day was removed meanwhile, since the file must not be created
    again. What does not fit into SQLite's cache goes into an unnamed file next to it: during
    ``VACUUM`` that is as much as the file itself."""
    with ExitStack() as opened:
        if file := _opened(path):
            opened.enter_context(closing(file))
            folder = str(path.parent).replace("'", "''")
            file.execute(f"PRAGMA temp_store_directory = '{folder}'")
        yield file


def _opened(path: Path) -> sqlite3.Connection | None:
    try:
        return open_to_change(path)
    except NotYetMade:
        return None
    except sqlite3.OperationalError:
        if path.exists():
            raise
        return None
