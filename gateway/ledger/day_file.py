"""The file of one day, or of its failures, as the process that writes uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from gateway.configuration.ledger import Successes
from gateway.ledger.bounded_values import BoundedValues
from gateway.ledger.content import joined_content
from gateway.ledger.database import open_to_write
from gateway.ledger.day_rows import DayRows
from gateway.ledger.many_rows import add_endings, add_lookups
from gateway.ledger.successes import may_be_forgotten, succeeded
from gateway.ledger.tables import EVENT_TABLES
from gateway.ledger.tables import day as day_tables

# An event that was held is written a second time: then the later decision is added.
_EVENT = """
INSERT INTO events (receipt, at, name, source, trusted, version, consent, states, country, browser,
  going_to, origin, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (receipt) DO UPDATE SET consent = excluded.consent, states = excluded.states,
  going_to = json_patch(going_to, excluded.going_to),
  origin = coalesce(json_patch(origin, excluded.origin), excluded.origin, origin),
  payload = joined_content(payload, excluded.payload)
"""
_REPLAYED = "UPDATE events SET going_to = json_patch(going_to, ?) WHERE receipt = ?"
_ENDING = """
INSERT OR IGNORE INTO endings (receipt, destination, passage, ending, stage, reason, at, tries,
  status, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ATTEMPT = """
INSERT OR IGNORE INTO attempts (receipt, destination, passage, at, tries, status, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_MINUTE = """
INSERT INTO minutes (minute, destination, ending, number) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
HOUR = """
INSERT INTO hours (hour, dimension, value, destination, ending, number) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
PROGRESS = """
INSERT INTO progress (feed, last_id) VALUES (?, ?)
ON CONFLICT (feed) DO UPDATE SET last_id = excluded.last_id
"""
_BY_RECEIPT = "CREATE INDEX IF NOT EXISTS lookups_of_events ON lookups (receipt)"
_ENDED = """
SELECT receipt, going_to, origin, destination, passage, ending
FROM events JOIN endings USING (receipt) WHERE receipt = ?
"""
_TRAITS = "SELECT name, source, states, country, browser FROM events WHERE receipt = ?"


class DayFile:
    """The open file. Its methods raise `LedgerError` or sqlite3.Error."""

    def __init__(self, path: Path, successes: Successes = "all") -> None:
        self._database = open_to_write(path, day_tables)
        self._database.create_function("joined_content", 2, joined_content)
        self._successes = successes
        if successes != "all":
            self._database.execute(_BY_RECEIPT)
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
        """Stores `rows`, all or none. last_id: of the last record of `feed` that they are from."""
        with self._transaction() as database:
            self._add(rows)
            minutes = [(*key, number) for key, number in rows.minutes.items()]
            database.executemany(_MINUTE, minutes)
            hours = self._values.bound(rows.hours)
            database.executemany(HOUR, [(*key, number) for key, number in hours.items()])
            self._forget(may_be_forgotten(rows, self._successes))
            database.execute(PROGRESS, (feed, last_id))

    def go_on(self, rows: DayRows) -> None:
        """Stores what became of events that this file has, and counts nothing. It may be called
        again with the same rows."""
        known = {each for each in rows.receipts_of_known() if self.traits_of(each.hex())}
        if known:
            with self._transaction():
                self._add(rows.continuing(known))

    def _add(self, rows: DayRows) -> None:
        many = self._database.executemany
        many(_EVENT, rows.events)
        many(_REPLAYED, rows.replayed)
        add_lookups(self._database, rows.lookups)
        many(_ENDING, rows.endings)  # of two for the same event and passage, the first stays
        add_endings(self._database, rows.ended)
        many(_ATTEMPT, rows.attempts)

    def _forget(self, ended: Sequence[bytes]) -> None:
        """Removes the events among `ended` that succeeded."""
        endings = [row for receipt in ended for row in self._all(_ENDED, (receipt,))]
        receipts = [(receipt,) for receipt in succeeded(endings)]
        for table in EVENT_TABLES:
            self._database.executemany(f"DELETE FROM {table} WHERE receipt = ?", receipts)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(statement, values)) as cursor:
            return cursor.fetchall()
