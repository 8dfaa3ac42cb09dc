"""The file that outlives a day: its events that were rejected or expired at some destination.

It has all that was stored of them, in the tables of a day, but no counts.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.ledger.database import open_to_write
from gateway.ledger.tables import EVENT_TABLES, FAILED
from gateway.ledger.tables import day as day_tables

_FAILED = f"SELECT receipt FROM day.endings WHERE {FAILED}"


def keep_failures(day: Path, path: Path) -> None:
    """Copies the failures of the file `day` to `path`, all or none; existing rows stay. Without
    failures no file is made. Raises `LedgerError` or sqlite3.Error.

    The file is made before any event is read. So an erasure that first deletes from the file of the
    day then finds this one, and waits until it is written.
    """
    if not _has_failures(day):
        return
    with closing(open_to_write(path, day_tables)) as file:
        file.execute("ATTACH ? AS day", (str(day),))
        file.execute("BEGIN IMMEDIATE")
        for table in EVENT_TABLES:
            columns = ", ".join(day_tables.tables[table].columns.keys())
            file.execute(
                f"INSERT OR IGNORE INTO main.{table} ({columns}) "
                f"SELECT {columns} FROM day.{table} WHERE receipt IN ({_FAILED})"
            )
        file.execute("COMMIT")  # an error closes the file, which undoes what was not committed


def _has_failures(day: Path) -> bool:
    with closing(sqlite3.connect(day)) as file:
        found = file.execute(f"SELECT 1 FROM endings WHERE {FAILED} LIMIT 1")
        return found.fetchone() is not None
