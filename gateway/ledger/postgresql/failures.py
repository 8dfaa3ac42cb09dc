"""What is kept of a day that is over: its events that were rejected or expired at some
destination."""

from __future__ import annotations

from psycopg.sql import SQL, Identifier

from gateway.ledger.postgresql.connecting import Connection
from gateway.ledger.postgresql.schema import create_failures, schema_of_day, schema_of_failures
from gateway.ledger.tables import EVENT_TABLES, FAILED
from gateway.ledger.tables import day as day_tables

_LOCK = "LOCK TABLE {}.lookups IN SHARE ROW EXCLUSIVE MODE"
"""An erasure locks this table first, too. So it has either finished before, or finds the day
gone."""
_HAS_FAILURES = f"SELECT EXISTS (SELECT 1 FROM {{}}.endings WHERE {FAILED})"
_COPY = f"""
INSERT INTO {{}}.{{}} ({{}}) SELECT {{}} FROM {{}}.{{}}
WHERE receipt IN (SELECT receipt FROM {{}}.endings WHERE {FAILED}) ON CONFLICT DO NOTHING
"""
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""


def keep_failures(connection: Connection, schema: str, day: str) -> bool:
    """Copies the failures of `day`, within the transaction that removes it. Returns whether there
    are any."""
    source = Identifier(schema_of_day(schema, day))
    connection.execute(SQL(_LOCK).format(source))
    ((has_failures,),) = connection.execute(SQL(_HAS_FAILURES).format(source))
    if not has_failures:
        return False
    create_failures(connection, schema, day)
    target = Identifier(schema_of_failures(schema, day))
    for name in EVENT_TABLES:
        table, columns = Identifier(name), day_tables.tables[name].columns.keys()
        names = SQL(", ").join(map(Identifier, columns))
        connection.execute(SQL(_COPY).format(target, table, names, names, source, table, source))
    return True


def drop_schema(connection: Connection, name: str) -> None:
    connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))


def size_of(connection: Connection, name: str) -> int:
    """Bytes on disk of the tables of a schema."""
    ((size,),) = connection.execute(_SIZE, (name,))
    return int(size)
