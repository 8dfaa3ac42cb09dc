"""Adds rows to the tables of a schema, within a transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

import orjson
from psycopg.sql import SQL, Composable, Identifier

from gateway.event.forms import union
from gateway.ledger.content import joined_content
from gateway.ledger.day_rows import DayRows, HourKey
from gateway.ledger.postgresql.connecting import Connection
from gateway.ledger.tables import day as day_tables

_UPDATES = {
    "events": "consent = excluded.consent, states = excluded.states, "
    "going_to = excluded.going_to, origin = excluded.origin, payload = excluded.payload",
    "minutes": "number = stored.number + excluded.number",
    "hours": "number = stored.number + excluded.number",
    "progress": "last_id = excluded.last_id",
}
"""How an existing row is updated; existing rows of other tables stay as they are."""

_COLUMNS = {table.name: table.columns.keys() for table in day_tables.sorted_tables}
STAGES = "; ".join(
    f"CREATE TEMP TABLE IF NOT EXISTS staged_{name} ON COMMIT DELETE ROWS AS "
    f"SELECT {', '.join(columns)} FROM {{0}}.{name} WITH NO DATA"
    for name, columns in _COLUMNS.items()
)
_STORED = "SELECT receipt, going_to, origin, payload FROM {}.events WHERE receipt = ANY(%s)"
_KNOWN = "SELECT receipt FROM {}.events WHERE receipt = ANY(%s)"
_REPLAYED = """
UPDATE {}.events SET going_to = (going_to::jsonb || %s::jsonb)::text WHERE receipt = %s
"""


def add_events(connection: Connection, schema: Identifier, rows: DayRows) -> None:
    add(connection, schema, "events", _whole(connection, schema, rows.events))
    many(connection, _REPLAYED, schema, rows.replayed)
    lookups = [
        (hour, bytes.fromhex(digest), bytes.fromhex(receipt))
        for hour, digests, receipt in rows.lookups
        for digest in digests
    ]
    add(connection, schema, "lookups", lookups)
    add(connection, schema, "endings", [*rows.all_endings()])
    add(connection, schema, "attempts", rows.attempts)


def go_on(connection: Connection, schema: Identifier, rows: DayRows) -> None:
    """Stores what became of the events that are in `schema`."""
    if receipts := rows.receipts_of_known():
        stored = connection.execute(SQL(_KNOWN).format(schema), (list(receipts),))
        add_events(connection, schema, rows.continuing({receipt for (receipt,) in stored}))


def many(
    connection: Connection, statement: LiteralString, schema: Identifier, rows: Sequence[Any]
) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(SQL(statement).format(schema), rows)


def add(
    connection: Connection,
    schema: Identifier,
    table: str,
    rows: Sequence[Sequence[Any]],
    is_of_day: bool = True,
) -> None:
    """Adds `rows` to `table`. May be called once in a transaction for each table. COPY cannot
    handle conflicts, so the rows are first copied into a temporary table. is_of_day: whether
    `schema` has the partitions of a day."""
    if not rows:
        return
    columns = SQL(", ").join(map(Identifier, _COLUMNS[table]))
    stage = Identifier(f"staged_{table}")
    with connection.cursor() as cursor:
        with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(stage, columns)) as copy:
            for row in rows:
                copy.write_row([storable(value) for value in row])
        into = "INSERT INTO {}.{} AS stored ({}) SELECT {} FROM {} ON CONFLICT "
        insert = SQL(into).format(schema, Identifier(table), columns, columns, stage)
        cursor.execute(insert + _on_conflict(table, is_of_day))


def _on_conflict(table: str, is_of_day: bool) -> Composable:
    if table not in _UPDATES:
        return SQL("DO NOTHING")
    key = [column.name for column in day_tables.tables[table].primary_key]
    if is_of_day:
        key.append("day")
    keys = SQL(", ").join(map(Identifier, key))
    return SQL("({}) DO UPDATE SET {}").format(keys, SQL(_UPDATES[table]))


def _whole(
    connection: Connection, schema: Identifier, rows: Iterable[Sequence[Any]]
) -> list[Sequence[Any]]:
    """The rows of events, each event once, joined with what is stored of it: an event that was held
    is written a second time, and then the later decision is added."""
    names = _COLUMNS["events"]
    added = [dict(zip(names, row, strict=True)) for row in rows]
    stored = connection.execute(SQL(_STORED).format(schema), ([row["receipt"] for row in added],))
    known: dict[bytes, dict[str, Any]] = {
        receipt: {"going_to": going_to, "origin": origin, "payload": payload}
        for receipt, going_to, origin, payload in stored
    }
    whole: dict[bytes, dict[str, Any]] = {}
    for row in added:
        receipt = bytes(row["receipt"])
        earlier = known.get(receipt, {})
        joined = {
            "consent": row["consent"],
            "states": row["states"],
            "going_to": _joined(earlier.get("going_to"), row["going_to"]),
            "origin": _joined(earlier.get("origin"), row["origin"]),
            "payload": joined_content(earlier.get("payload"), row["payload"]),
        }
        whole[receipt] = known[receipt] = {**row, **earlier, **joined}
    return [[row[name] for name in names] for row in whole.values()]


def _joined(earlier: str | None, later: str | None) -> str | None:
    """Joins two JSON objects; where both have a value, the later one is kept."""
    if earlier is None or later is None:
        return earlier if later is None else later
    return orjson.dumps(union([orjson.loads(later), orjson.loads(earlier)])).decode()


def storable(value: Any) -> Any:
    """`value` without NUL, the only character that PostgreSQL does not allow in a text."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def storable_hours(counted: Counter[HourKey]) -> Counter[HourKey]:
    """`counted` with storable keys. Numbers of keys that become the same are added up."""
    made: Counter[HourKey] = Counter()
    for (hour, *texts), number in counted.items():
        dimension, value, destination, ending = map(storable, texts)
        made[hour, dimension, value, destination, ending] += number
    return made
