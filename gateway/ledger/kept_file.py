"""The file that outlives the days: counts of each hour, and configurations that were in force."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from gateway.ledger.database import open_to_write
from gateway.ledger.day_file import HOUR
from gateway.ledger.rows import DayRows
from gateway.ledger.tables import kept as kept_tables

_DAY_HOURS = "SELECT hour, dimension, value, destination, ending, number FROM hours"


class KeptFile:
    """Raises `LedgerError` or sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._database = open_to_write(path, kept_tables)
        rows = self._database.execute("SELECT day FROM rolled_up").fetchall()
        self._over = {day for (day,) in rows}

    def close(self) -> None:
        self._database.close()

    def is_over(self, day: str) -> bool:
        """Whether `day` has no file any more: what comes late is only counted."""
        return day in self._over

    def roll_up(self, day: str, path: Path) -> None:
        """Keeps the counts of the file of `day`, once."""
        with closing(sqlite3.connect(path)) as database:
            rows = database.execute(_DAY_HOURS).fetchall()
        with self._transaction():
            self._database.executemany(HOUR, rows)
            self._database.execute("INSERT INTO rolled_up VALUES (?)", (day,))
        self._over.add(day)

    def add_late(self, rows: DayRows, feed: str, last_id: str) -> None:
        """Counts what came for days that are over."""
        with self._transaction():
            hours = [(*key, number) for key, number in rows.hours.items()]
            self._database.executemany(HOUR, hours)
            self._database.execute(
                "INSERT INTO progress VALUES (?, ?) "
                "ON CONFLICT (feed) DO UPDATE SET last_id = excluded.last_id",
                (feed, last_id),
            )

    def last_id(self, feed: str) -> str:
        """The id of the last record of `feed` that was counted late; ``0-0`` for none."""
        statement = "SELECT last_id FROM progress WHERE feed = ?"
        row = self._database.execute(statement, (feed,)).fetchone()
        return row[0] if row else "0-0"

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        self._database.execute(
            "INSERT OR IGNORE INTO configurations VALUES (?, ?, ?)", (version, now, text)
        )

    def forget(self, now: float, days: int) -> None:
        """Removes the counts of hours that are more than `days` old."""
        oldest = int(now // 3600) - 24 * days
        self._database.execute("DELETE FROM hours WHERE hour < ?", (oldest,))
        day = time.strftime("%Y-%m-%d", time.gmtime(now - 86_400 * days))
        self._database.execute("DELETE FROM rolled_up WHERE day < ?", (day,))

    def _transaction(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database  # its context manager commits, or rolls back
