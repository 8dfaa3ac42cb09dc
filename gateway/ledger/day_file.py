"""The file of one day, opened by the process that writes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.ledger.bounded_values import BoundedValues
from gateway.ledger.database import open_to_write
from gateway.ledger.rows import DayRows
from gateway.ledger.tables import day as day_tables

# An event comes a second time when it was held: what was decided later is added.
_EVENT = """
INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (receipt) DO UPDATE SET consent = excluded.consent, states = excluded.states,
  going_to = json_patch(going_to, excluded.going_to),
  origin = coalesce(json_patch(origin, excluded.origin), excluded.origin, origin),
  payload = CASE WHEN payload IS NULL OR excluded.payload IS NULL
    THEN coalesce(excluded.payload, payload) ELSE json_patch(payload, excluded.payload) END
"""
_REPLAYED = "UPDATE events SET going_to = json_patch(going_to, ?) WHERE receipt = ?"
_LOOKUP = "INSERT OR IGNORE INTO lookups VALUES (?, ?)"
_ENDING = "INSERT OR IGNORE INTO endings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ATTEMPT = "INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)"
_MINUTE = """
INSERT INTO minutes VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
HOUR = """
INSERT INTO hours VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
_PROGRESS = """
INSERT INTO progress VALUES (?, ?) ON CONFLICT (feed) DO UPDATE SET last_id = excluded.last_id
"""
_TRAITS = "SELECT name, source, states, country, browser FROM events WHERE receipt = ?"


class DayFile:
    """Raises `LedgerError` or sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._database = open_to_write(path, day_tables)
        known = self._all("SELECT DISTINCT dimension, value FROM hours")
        self._values = BoundedValues((dimension, value) for dimension, value in known)

    def close(self) -> None:
        self._database.close()

    def last_id(self, feed: str) -> str:
        """The id of the last record of `feed` that is stored here; ``0-0`` for none."""
        rows = self._all("SELECT last_id FROM progress WHERE feed = ?", (feed,))
        return rows[0][0] if rows else "0-0"

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        rows = self._all(_TRAITS, (bytes.fromhex(receipt),))
        return rows[0] if rows else None

    def write(self, rows: DayRows, feed: str, last_id: str) -> None:
        """Stores `rows`, which end with the record `last_id` of `feed`, all or none."""
        execute, many = self._database.execute, self._database.executemany
        execute("BEGIN IMMEDIATE")
        try:
            many(_EVENT, rows.events)
            many(_REPLAYED, rows.replayed)
            many(_LOOKUP, rows.lookups)
            many(_ENDING, rows.endings)
            many(_ATTEMPT, rows.attempts)
            many(_MINUTE, [(*key, number) for key, number in rows.minutes.items()])
            hours = self._values.bound(rows.hours)
            many(HOUR, [(*key, number) for key, number in hours.items()])
            execute(_PROGRESS, (feed, last_id))
            execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                execute("ROLLBACK")
            raise

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(statement, values)) as cursor:
            return cursor.fetchall()
