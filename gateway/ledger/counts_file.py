"""The file that outlives the days: counts of each hour, and configurations that were in force."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from gateway.ledger.database import open_to_write
from gateway.ledger.day_file import HOUR, PROGRESS
from gateway.ledger.day_rows import OF_DAY, DayRows, HourKey, by_day
from gateway.ledger.retention import REMEMBERED_DAYS, day_before
from gateway.ledger.tables import feed_of_day
from gateway.ledger.tables import kept as kept_tables
from gateway.ledger.totals import Ended
from gateway.queue.feed import id_key

_TOTAL = """
INSERT INTO totals (destination, ending, number) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
_BASELINE = "INSERT INTO baselines (feed, destination, ending, number) VALUES (?, ?, ?, ?)"
# The newest one stays in force when a process starts again.
_CONFIGURATION = """
INSERT INTO configurations (version, since, text) VALUES (?, ?, ?)
ON CONFLICT (version) DO UPDATE SET since = excluded.since
WHERE since < (SELECT max(since) FROM configurations)
"""
_FORGET_CONFIGURATIONS = (
    "DELETE FROM configurations WHERE since < "
    "(SELECT max(since) FROM configurations WHERE since < :before)"
)
_DAY_HOURS = (
    "SELECT hour, dimension, value, destination, ending, number FROM hours "
    f"WHERE dimension NOT LIKE '{OF_DAY}%'"
)
_FORGET_PROGRESS = "DELETE FROM progress WHERE feed LIKE '% %' AND feed < ?"
_IS_BY_DAY = "SELECT 1 FROM hours WHERE hour = ? AND dimension = ? LIMIT 1"


class CountsFile:
    """The open file. Its methods raise `LedgerError` or sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._database = open_to_write(path, kept_tables)
        rows = self._database.execute("SELECT day FROM rolled_up").fetchall()
        self._over = {day for (day,) in rows}

    def close(self) -> None:
        self._database.close()

    def is_over(self, day: str) -> bool:
        """Whether `day` no longer has a file. Late records for it are only counted."""
        return day in self._over

    def roll_up(self, day: str, path: Path) -> None:
        """Takes over the counts of the file of `day`, once, and the last records that it
        counted."""
        with closing(sqlite3.connect(path)) as database:
            hours = Counter({row[:5]: row[5] for row in database.execute(_DAY_HOURS)})
            stored = database.execute("SELECT feed, last_id FROM progress").fetchall()
        last_ids = [(feed_of_day(day, feed), last_id) for feed, last_id in stored]
        with self._transaction():
            self._add(hours)
            self._add(by_day(hours.items()))
            self._database.executemany(PROGRESS, last_ids)
            self._database.execute("INSERT INTO rolled_up (day) VALUES (?)", (day,))
        self._over.add(day)

    def add_late(self, days: Iterable[DayRows], feed: str, last_id: str) -> None:
        """Counts records for days that are over."""
        with self._transaction():
            for rows in days:
                self._add(rows.hours)
                of_days = by_day(rows.hours.items())
                counted = {hour for hour in {key[0] for key in of_days} if self._is_by_day(hour)}
                self._add(Counter({key: n for key, n in of_days.items() if key[0] in counted}))
            self._database.execute(PROGRESS, (feed, last_id))

    def last_id(self, day: str, feed: str) -> str:
        """The id of the last record of `feed` that was counted for `day`, in its file or late;
        ``0-0`` for none."""
        statement = "SELECT last_id FROM progress WHERE feed IN (?, ?)"
        found = self._database.execute(statement, (feed, feed_of_day(day, feed)))
        return max((last_id for (last_id,) in found), key=id_key, default="0-0")

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        self._database.execute(_CONFIGURATION, (version, now, text))

    def has_baseline(self, feed: str) -> bool:
        found = self._database.execute("SELECT 1 FROM baselines WHERE feed = ? LIMIT 1", (feed,))
        return found.fetchone() is not None

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        """Keeps what Redis had counted when the ledger began on `feed`."""
        with self._transaction():
            rows = [(feed, *key, number) for key, number in baseline.items()]
            self._database.executemany(_BASELINE, rows)

    def forget(self, now: float, days: int) -> None:
        """Removes the counts of hours that are more than `days` old."""
        oldest, first = int(now // 3600) - 24 * days, day_before(now, REMEMBERED_DAYS)
        self._database.execute("DELETE FROM hours WHERE hour < ?", (oldest,))
        self._database.execute("DELETE FROM rolled_up WHERE day < ?", (first,))
        self._database.execute(_FORGET_PROGRESS, (first,))

    def forget_configurations(self, now: float, days: int) -> None:
        """Removes configurations that were replaced more than `days` ago."""
        self._database.execute(_FORGET_CONFIGURATIONS, {"before": now - 86_400 * days})

    def _is_by_day(self, hour: int) -> bool:
        """Whether the day that begins with `hour` has counts by day, which an earlier version did
        not write."""
        return self._database.execute(_IS_BY_DAY, (hour, OF_DAY)).fetchone() is not None

    def _add(self, hours: Counter[HourKey]) -> None:
        """Adds `hours` to the counts of hours, and those without a dimension also to the totals."""
        self._database.executemany(HOUR, [(*key, number) for key, number in hours.items()])
        totals = [(*key[3:], number) for key, number in hours.items() if not key[1]]
        self._database.executemany(_TOTAL, totals)

    def _transaction(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database  # its context manager commits, or rolls back
