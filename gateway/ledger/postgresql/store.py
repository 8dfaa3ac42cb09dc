"""Writes a ledger to PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from gateway.configuration.ledger import Successes
from gateway.ledger.bounded_values import BoundedValues
from gateway.ledger.day_rows import OF_DAY, DayRows, HourKey, by_day
from gateway.ledger.errors import LedgerTaken
from gateway.ledger.postgresql.adding import (
    STAGES,
    add,
    add_events,
    go_on,
    many,
    storable,
    storable_hours,
)
from gateway.ledger.postgresql.connecting import (
    Connection,
    connect,
    errors_in_words,
    refused_values,
)
from gateway.ledger.postgresql.failures import drop_schema, keep_failures, size_of
from gateway.ledger.postgresql.schema import (
    create_day,
    days_of_failures,
    schema_of_day,
    schema_of_failures,
    schema_of_kept,
    set_up,
    stored_days,
)
from gateway.ledger.postgresql.successes import forget, index_lookups
from gateway.ledger.retention import REMEMBERED_DAYS, day_before
from gateway.ledger.successes import may_be_forgotten
from gateway.ledger.tables import feed_of_day
from gateway.ledger.totals import Ended
from gateway.queue.feed import id_key
from gateway.queue.receipts import day_of

LOCK_TIMEOUT = SQL("SET LOCAL lock_timeout = '2s'")
"""Removing a day waits for running queries of the parent tables. If it fails, it is tried again
later."""

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_OVER = "SELECT day FROM {}.rolled_up"
_VALUES = "SELECT DISTINCT dimension, value FROM {}.hours"
_TRAITS = "SELECT name, source, states, country, browser FROM {}.events WHERE receipt = %s"
_LAST_IDS = "SELECT last_id FROM {}.progress WHERE feed = ANY(%s)"
_PROGRESS = "SELECT feed, last_id FROM {}.progress"
_ROLL_UP = f"""
INSERT INTO {{}}.hours AS stored (hour, dimension, value, destination, ending, number)
SELECT hour, dimension, value, destination, ending, number FROM {{}}.hours
WHERE dimension NOT LIKE '{OF_DAY}%'
ON CONFLICT (hour, dimension, value, destination, ending)
DO UPDATE SET number = stored.number + excluded.number
"""
_ROLL_UP_DAY = f"""
INSERT INTO {{}}.hours AS stored (hour, dimension, value, destination, ending, number)
SELECT hour / 24 * 24, '{OF_DAY}' || dimension, value, destination, ending, sum(number)
FROM {{}}.hours WHERE dimension NOT LIKE '{OF_DAY}%' GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (hour, dimension, value, destination, ending)
DO UPDATE SET number = stored.number + excluded.number
"""
_BY_DAY = "SELECT DISTINCT hour FROM {}.hours WHERE hour = ANY(%s) AND dimension = %s"
_TOTAL = """
INSERT INTO {}.totals AS stored (destination, ending, number) VALUES (%s, %s, %s)
ON CONFLICT (destination, ending) DO UPDATE SET number = stored.number + excluded.number
"""
_ROLL_UP_TOTALS = """
INSERT INTO {}.totals AS stored (destination, ending, number)
SELECT destination, ending, sum(number) FROM {}.hours WHERE dimension = '' GROUP BY 1, 2
ON CONFLICT (destination, ending) DO UPDATE SET number = stored.number + excluded.number
"""
_HAS_BASELINE = "SELECT 1 FROM {}.baselines WHERE feed = %s LIMIT 1"
_BASELINE = """
INSERT INTO {}.baselines (feed, destination, ending, number) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
_IS_OVER = "INSERT INTO {}.rolled_up (day) VALUES (%s)"
_FORGET = "DELETE FROM {}.hours WHERE hour < %s"
_FORGET_DAYS = "DELETE FROM {}.rolled_up WHERE day < %s"
_FORGET_PROGRESS = "DELETE FROM {}.progress WHERE feed LIKE '%% %%' AND feed < %s"
# The newest one stays in force when a process starts again.
_CONFIGURATION = """
INSERT INTO {}.configurations AS stored (version, since, text) VALUES (%s, %s, %s)
ON CONFLICT (version) DO UPDATE SET since = excluded.since
WHERE stored.since < (SELECT max(since) FROM {}.configurations)
"""
_FORGET_CONFIGURATIONS = """
DELETE FROM {}.configurations
WHERE since < (SELECT max(since) FROM {}.configurations WHERE since < %s)
"""


class DatabaseStore:
    """A `gateway.ledger.store.Store`. Its lock is an advisory lock of the connection that writes,
    and ends with it."""

    def __init__(self, url: str, schema: str, successes: Successes) -> None:
        self._url = url
        self._schema = schema
        self._successes = successes
        self._kept = Identifier(schema_of_kept(schema))
        self._connection: Connection | None = None
        self._is_open = False
        self._stored: set[str] = set()
        self._failing: set[str] = set()
        self._over: set[str] = set()
        self._values: dict[str, BoundedValues] = {}

    def open(self) -> None:
        if self._is_open:
            return
        with errors_in_words():
            if self._connection is None:
                self._connection = connect(self._url)
            ((is_ours,),) = self._rows(SQL(_LOCK).format(), self._schema)
            if not is_ours:
                raise LedgerTaken("another process writes it")
            set_up(self._connection, self._schema)
            self._connection.execute(SQL(STAGES).format(Identifier(self._schema)))
            self._stored = set(stored_days(self._connection, self._schema))
            self._failing = set(days_of_failures(self._connection, self._schema))
            self._over = {day for (day,) in self._rows(SQL(_OVER).format(self._kept))}
            self._is_open = True

    def close(self) -> None:
        self._is_open = False
        self._values.clear()
        if self._connection is not None:
            with suppress(psycopg.Error):  # the server notices the end of a connection later
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
            self._connection = None

    def days(self) -> list[str]:
        return sorted(self._stored)

    def days_of_failures(self) -> list[str]:
        return sorted(self._failing)

    def size(self, day: str) -> int:
        with errors_in_words():
            return size_of(self._connected, schema_of_day(self._schema, day))

    def size_of_failures(self, day: str) -> int:
        with errors_in_words():
            return size_of(self._connected, schema_of_failures(self._schema, day))

    def is_full(self) -> bool:
        return False  # the server's disk cannot be seen from here

    def is_over(self, day: str) -> bool:
        return day in self._over

    def last_id(self, day: str, feed: str) -> str:
        if not (self.is_over(day) or day in self._stored):
            return "0-0"
        schema = self._kept if self.is_over(day) else self._of(day)
        with errors_in_words():
            rows = self._rows(SQL(_LAST_IDS).format(schema), [feed, feed_of_day(day, feed)])
            return max((last_id for (last_id,) in rows), key=id_key, default="0-0")

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        day = day_of(receipt)
        if day not in self._stored | self._failing:
            return None
        schema = self._of(day) if day in self._stored else self._of_failures(day)
        with errors_in_words():
            rows = self._rows(SQL(_TRAITS).format(schema), bytes.fromhex(receipt))
            return rows[0] if rows else None

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        with errors_in_words(), refused_values():
            schema, values = self._prepared(day)
            with self._transaction() as connection:
                add_events(connection, schema, rows)
                minutes = [(*key, number) for key, number in rows.minutes.items()]
                add(connection, schema, "minutes", minutes)
                hours = values.bound(storable_hours(rows.hours))
                add(connection, schema, "hours", [(*key, n) for key, n in hours.items()])
                if ended := may_be_forgotten(rows, self._successes):
                    forget(connection, schema, ended)
                add(connection, schema, "progress", [(feed, last_id)])

    def add_late(self, days: Mapping[str, DayRows], feed: str, last_id: str) -> None:
        counted: Counter[HourKey] = Counter()
        for rows in days.values():
            counted.update(storable_hours(rows.hours))
        totals = [(*key[3:], number) for key, number in counted.items() if not key[1]]
        with errors_in_words(), refused_values():
            for day in days.keys() & self._failing:
                with self._transaction() as connection:  # a repetition changes nothing here
                    go_on(connection, self._of_failures(day), days[day])
            counted.update(self._of_days(counted))
            hours = [(*key, number) for key, number in counted.items()]
            with self._transaction() as connection:
                add(connection, self._kept, "hours", hours, is_of_day=False)
                many(connection, _TOTAL, self._kept, totals)
                add(connection, self._kept, "progress", [(feed, last_id)], is_of_day=False)

    def remove(self, day: str, keeps_failures: bool) -> None:
        with errors_in_words(), self._transaction() as connection:
            connection.execute(LOCK_TIMEOUT)
            has_failures = keeps_failures and keep_failures(connection, self._schema, day)
            if not self.is_over(day):
                connection.execute(SQL(_ROLL_UP).format(self._kept, self._of(day)))
                connection.execute(SQL(_ROLL_UP_DAY).format(self._kept, self._of(day)))
                connection.execute(SQL(_ROLL_UP_TOTALS).format(self._kept, self._of(day)))
                self._keep_progress(day)
                connection.execute(SQL(_IS_OVER).format(self._kept), (day,))
            drop_schema(connection, schema_of_day(self._schema, day))
        if has_failures:
            self._failing.add(day)
        self._over.add(day)
        self._stored.discard(day)
        self._values.pop(day, None)

    def remove_failures(self, day: str) -> None:
        with errors_in_words(), self._transaction() as connection:
            connection.execute(LOCK_TIMEOUT)
            drop_schema(connection, schema_of_failures(self._schema, day))
        self._failing.discard(day)

    def forget(self, now: float, days: int) -> None:
        oldest, first = int(now // 3600) - 24 * days, day_before(now, REMEMBERED_DAYS)
        with errors_in_words():
            self._connected.execute(SQL(_FORGET).format(self._kept), (oldest,))
            self._connected.execute(SQL(_FORGET_DAYS).format(self._kept), (first,))
            self._connected.execute(SQL(_FORGET_PROGRESS).format(self._kept), (first,))

    def forget_configurations(self, now: float, days: int) -> None:
        statement = SQL(_FORGET_CONFIGURATIONS).format(self._kept, self._kept)
        with errors_in_words():
            self._connected.execute(statement, (now - 86_400 * days,))

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        with errors_in_words():
            insert = SQL(_CONFIGURATION).format(self._kept, self._kept)
            self._connected.execute(insert, (version, now, storable(text)))

    def has_baseline(self, feed: str) -> bool:
        with errors_in_words():
            return bool(self._rows(SQL(_HAS_BASELINE).format(self._kept), feed))

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        rows = [(feed, *key, number) for key, number in baseline.items()]
        with errors_in_words(), self._transaction():
            many(self._connected, _BASELINE, self._kept, rows)

    def _keep_progress(self, day: str) -> None:
        """Keeps the last record of each feed that `day` has counted, within a transaction."""
        stored = self._rows(SQL(_PROGRESS).format(self._of(day)))
        last_ids = [(feed_of_day(day, feed), last_id) for feed, last_id in stored]
        add(self._connected, self._kept, "progress", last_ids, is_of_day=False)

    def _prepared(self, day: str) -> tuple[Identifier, BoundedValues]:
        """The schema of `day`, which is made when it is first needed, and the values that it
        counts."""
        schema = self._of(day)
        if day not in self._stored:
            with self._transaction() as connection:
                create_day(connection, self._schema, day)
            self._stored.add(day)
        if day not in self._values:
            if self._successes != "all":
                index_lookups(self._connected, schema)
            known = self._rows(SQL(_VALUES).format(schema))
            self._values[day] = BoundedValues((dimension, value) for dimension, value in known)
        return schema, self._values[day]

    def _of_days(self, hours: Counter[HourKey]) -> Counter[HourKey]:
        """The counts `hours` by the day, for days that have such counts: an earlier version wrote
        none."""
        of_days = by_day(hours.items())
        found = self._rows(SQL(_BY_DAY).format(self._kept), [key[0] for key in of_days], OF_DAY)
        counted = {hour for (hour,) in found}
        return Counter({key: number for key, number in of_days.items() if key[0] in counted})

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._connected.transaction():
            yield self._connected

    def _rows(self, statement: Composed, *values: object) -> list[tuple[Any, ...]]:
        return self._connected.execute(statement, values).fetchall()

    def _of(self, day: str) -> Identifier:
        return Identifier(schema_of_day(self._schema, day))

    def _of_failures(self, day: str) -> Identifier:
        return Identifier(schema_of_failures(self._schema, day))

    @property
    def _connected(self) -> Connection:
        assert self._connection is not None, "open() comes first"
        return self._connection
