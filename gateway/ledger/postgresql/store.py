"""Writes to PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier

from gateway.ledger.bounded_values import BoundedValues
from gateway.ledger.errors import LedgerTaken
from gateway.ledger.postgresql.connecting import Connection, connect, errors_in_words
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
from gateway.ledger.retention import REMEMBERED_DAYS, day_before
from gateway.ledger.rows import DayRows, HourKey, union
from gateway.ledger.tables import day as day_tables
from gateway.ledger.totals import Ended
from gateway.queue.receipts import day_of

LOCK_TIMEOUT = SQL("SET LOCAL lock_timeout = '2s'")
"""Removing a day waits for queries of the parents that run: it is tried again later."""

_UPDATES = {
    "events": "consent = excluded.consent, states = excluded.states, "
    "going_to = excluded.going_to, origin = excluded.origin, payload = excluded.payload",
    "minutes": "number = stored.number + excluded.number",
    "hours": "number = stored.number + excluded.number",
    "progress": "last_id = excluded.last_id",
}
"""What becomes of a row that is stored; rows of other tables stay as they are."""

_COLUMNS = {table.name: table.columns.keys() for table in day_tables.sorted_tables}
_STAGES = "; ".join(
    f"CREATE TEMP TABLE IF NOT EXISTS staged_{name} ON COMMIT DELETE ROWS AS "
    f"SELECT {', '.join(columns)} FROM {{0}}.{name} WITH NO DATA"
    for name, columns in _COLUMNS.items()
)
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_OVER = "SELECT day FROM {}.rolled_up"
_VALUES = "SELECT DISTINCT dimension, value FROM {}.hours"
_STORED = "SELECT receipt, going_to, origin, payload FROM {}.events WHERE receipt = ANY(%s)"
_REPLAYED = """
UPDATE {}.events SET going_to = (going_to::jsonb || %s::jsonb)::text WHERE receipt = %s
"""
_TRAITS = "SELECT name, source, states, country, browser FROM {}.events WHERE receipt = %s"
_LAST_ID = "SELECT last_id FROM {}.progress WHERE feed = %s"
_ROLL_UP = """
INSERT INTO {}.hours AS stored
SELECT hour, dimension, value, destination, ending, number FROM {}.hours
ON CONFLICT (hour, dimension, value, destination, ending)
DO UPDATE SET number = stored.number + excluded.number
"""
_TOTAL = """
INSERT INTO {}.totals AS stored VALUES (%s, %s, %s)
ON CONFLICT (destination, ending) DO UPDATE SET number = stored.number + excluded.number
"""
_ROLL_UP_TOTALS = """
INSERT INTO {}.totals AS stored
SELECT destination, ending, sum(number) FROM {}.hours WHERE dimension = '' GROUP BY 1, 2
ON CONFLICT (destination, ending) DO UPDATE SET number = stored.number + excluded.number
"""
_HAS_BASELINE = "SELECT 1 FROM {}.baselines WHERE feed = %s LIMIT 1"
_BASELINE = "INSERT INTO {}.baselines VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_IS_OVER = "INSERT INTO {}.rolled_up VALUES (%s)"
_FORGET = "DELETE FROM {}.hours WHERE hour < %s"
_FORGET_DAYS = "DELETE FROM {}.rolled_up WHERE day < %s"
_CONFIGURATION = """
INSERT INTO {}.configurations VALUES (%s, %s, %s)
ON CONFLICT (version) DO UPDATE SET since = excluded.since
"""
_FORGET_CONFIGURATIONS = """
DELETE FROM {}.configurations
WHERE since < (SELECT max(since) FROM {}.configurations WHERE since < %s)
"""


class DatabaseStore:
    """A `gateway.ledger.writer.Store`. Its lock is an advisory one, which ends with its connection:
    whoever writes has the lock."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema
        self._kept = Identifier(schema_of_kept(schema))
        self._connection: Connection | None = None
        self._is_open = False
        self._stored: set[str] = set()
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
            self._connection.execute(SQL(_STAGES).format(Identifier(self._schema)))
            self._stored = set(stored_days(self._connection, self._schema))
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
        with errors_in_words():
            return days_of_failures(self._connected, self._schema)

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
            rows = self._rows(SQL(_LAST_ID).format(schema), feed)
            return str(rows[0][0]) if rows else "0-0"

    def traits_of(self, receipt: str) -> tuple[Any, ...] | None:
        day = day_of(receipt)
        if day not in self._stored:
            return None
        with errors_in_words():
            rows = self._rows(SQL(_TRAITS).format(self._of(day)), bytes.fromhex(receipt))
            return rows[0] if rows else None

    def write(self, day: str, rows: DayRows, feed: str, last_id: str) -> None:
        with errors_in_words():
            if day not in self._stored:
                with self._transaction() as connection:
                    create_day(connection, self._schema, day)
                self._stored.add(day)
            schema = self._of(day)
            if day not in self._values:
                known = self._rows(SQL(_VALUES).format(schema))
                self._values[day] = BoundedValues((dimension, value) for dimension, value in known)
            with self._transaction():
                self._add(schema, "events", self._whole(schema, rows.events))
                self._many(_REPLAYED, schema, rows.replayed)
                self._add(schema, "lookups", rows.lookups)
                self._add(schema, "endings", rows.endings)
                self._add(schema, "attempts", rows.attempts)
                self._add(schema, "minutes", [(*key, n) for key, n in rows.minutes.items()])
                hours = self._values[day].bound(_storable_hours(rows.hours))
                self._add(schema, "hours", [(*key, n) for key, n in hours.items()])
                self._add(schema, "progress", [(feed, last_id)])

    def add_late(self, rows: DayRows, feed: str, last_id: str) -> None:
        hours = _storable_hours(rows.hours)
        with errors_in_words(), self._transaction():
            self._add(self._kept, "hours", [(*key, n) for key, n in hours.items()])
            totals = [(*key[3:], number) for key, number in hours.items() if not key[1]]
            self._many(_TOTAL, self._kept, totals)
            self._add(self._kept, "progress", [(feed, last_id)])

    def remove(self, day: str, keeps_failures: bool) -> None:
        with errors_in_words(), self._transaction() as connection:
            connection.execute(LOCK_TIMEOUT)
            if keeps_failures:
                keep_failures(connection, self._schema, day)
            if not self.is_over(day):
                connection.execute(SQL(_ROLL_UP).format(self._kept, self._of(day)))
                connection.execute(SQL(_ROLL_UP_TOTALS).format(self._kept, self._of(day)))
                connection.execute(SQL(_IS_OVER).format(self._kept), (day,))
            drop_schema(connection, schema_of_day(self._schema, day))
        self._over.add(day)
        self._stored.discard(day)
        self._values.pop(day, None)

    def remove_failures(self, day: str) -> None:
        with errors_in_words(), self._transaction() as connection:
            connection.execute(LOCK_TIMEOUT)
            drop_schema(connection, schema_of_failures(self._schema, day))

    def forget(self, now: float, days: int) -> None:
        oldest, first = int(now // 3600) - 24 * days, day_before(now, REMEMBERED_DAYS)
        with errors_in_words():
            self._connected.execute(SQL(_FORGET).format(self._kept), (oldest,))
            self._connected.execute(SQL(_FORGET_DAYS).format(self._kept), (first,))

    def forget_configurations(self, now: float, days: int) -> None:
        statement = SQL(_FORGET_CONFIGURATIONS).format(self._kept, self._kept)
        with errors_in_words():
            self._connected.execute(statement, (now - 86_400 * days,))

    def keep_configuration(self, version: str, text: str, now: float) -> None:
        with errors_in_words():
            insert = SQL(_CONFIGURATION).format(self._kept)
            self._connected.execute(insert, (version, now, _storable(text)))

    def has_baseline(self, feed: str) -> bool:
        with errors_in_words():
            return bool(self._rows(SQL(_HAS_BASELINE).format(self._kept), feed))

    def keep_baseline(self, feed: str, baseline: Ended) -> None:
        rows = [(feed, *key, number) for key, number in baseline.items()]
        with errors_in_words(), self._transaction():
            self._many(_BASELINE, self._kept, rows)

    def _many(self, statement: LiteralString, schema: Identifier, rows: Sequence[Any]) -> None:
        if rows:
            with self._connected.cursor() as cursor:
                cursor.executemany(SQL(statement).format(schema), rows)

    def _add(self, schema: Identifier, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Within a transaction. A COPY knows no conflicts, so it goes into a table of this
        connection first."""
        if not rows:
            return
        columns = SQL(", ").join(map(Identifier, _COLUMNS[table]))
        stage = Identifier(f"staged_{table}")
        with self._connected.cursor() as cursor:
            with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(stage, columns)) as copy:
                for row in rows:
                    copy.write_row([_storable(value) for value in row])
            into = "INSERT INTO {}.{} AS stored ({}) SELECT {} FROM {} ON CONFLICT "
            insert = SQL(into).format(schema, Identifier(table), columns, columns, stage)
            cursor.execute(insert + self._on_conflict(schema, table))

    def _on_conflict(self, schema: Identifier, table: str) -> Composable:
        if table not in _UPDATES:
            return SQL("DO NOTHING")
        key = [column.name for column in day_tables.tables[table].primary_key]
        if schema != self._kept:
            key.append("day")
        keys = SQL(", ").join(map(Identifier, key))
        return SQL("({}) DO UPDATE SET {}").format(keys, SQL(_UPDATES[table]))

    def _whole(self, schema: Identifier, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows of events, each once and with what is stored of it: an event comes a second time
        when it was held, and what was decided later is added."""
        names = _COLUMNS["events"]
        added = [dict(zip(names, row, strict=True)) for row in rows]
        known: dict[bytes, dict[str, Any]] = {
            receipt: {"going_to": going_to, "origin": origin, "payload": payload}
            for receipt, going_to, origin, payload in self._rows(
                SQL(_STORED).format(schema), [row["receipt"] for row in added]
            )
        }
        whole: dict[bytes, dict[str, Any]] = {}
        for row in added:
            earlier = known.get(row["receipt"], {})
            joined = {
                "consent": row["consent"],
                "states": row["states"],
                "going_to": _joined(earlier.get("going_to"), row["going_to"]),
                "origin": _joined(earlier.get("origin"), row["origin"]),
                "payload": _joined(earlier.get("payload"), row["payload"]),
            }
            whole[row["receipt"]] = known[row["receipt"]] = {**row, **earlier, **joined}
        return [[row[name] for name in names] for row in whole.values()]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._connected.transaction():
            yield self._connected

    def _rows(self, statement: Composed, *values: object) -> list[tuple[Any, ...]]:
        return self._connected.execute(statement, values).fetchall()

    def _of(self, day: str) -> Identifier:
        return Identifier(schema_of_day(self._schema, day))

    @property
    def _connected(self) -> Connection:
        assert self._connection is not None, "open() comes first"
        return self._connection


def _joined(earlier: str | None, later: str | None) -> str | None:
    """Two JSON objects in one; where both say something, the later one holds."""
    if earlier is None or later is None:
        return earlier if later is None else later
    return orjson.dumps(union([orjson.loads(later), orjson.loads(earlier)])).decode()


def _storable(value: Any) -> Any:
    """PostgreSQL takes every character but NUL in a text."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _storable_hours(counted: Counter[HourKey]) -> Counter[HourKey]:
    """In which no two keys become one when they are stored."""
    made: Counter[HourKey] = Counter()
    for (hour, *texts), number in counted.items():
        dimension, value, destination, ending = map(_storable, texts)
        made[hour, dimension, value, destination, ending] += number
    return made
