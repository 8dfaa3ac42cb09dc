"""The tables of `gateway.ledger.tables` in PostgreSQL.

A table of a day gets a column ``day``, by which its parent in the first schema is partitioned. This
column is the last of every key, since the tables of one day are searched without it.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, MetaData, Table, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from gateway.ledger.errors import LedgerError
from gateway.ledger.postgresql.connecting import Connection
from gateway.ledger.tables import SCHEMA_VERSION
from gateway.ledger.tables import day as day_tables
from gateway.ledger.tables import kept as kept_tables

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def schema_of_day(schema: str, day: str) -> str:
    return f"{schema} {day}"


def schema_of_failures(schema: str, day: str) -> str:
    return f"{schema} failures {day}"


def schema_of_kept(schema: str) -> str:
    return f"{schema} kept"


def set_up(connection: Connection, schema: str) -> None:
    """Makes everything but the days, unless it exists. Raises `LedgerError` or psycopg.Error."""
    check_version(connection, schema)
    kept = schema_of_kept(schema)
    with connection.transaction():
        for each in (schema, kept):
            _run(connection, CreateSchema(each, if_not_exists=True))
        for table in day_tables.sorted_tables:
            _create(connection, _parent(table, schema))
        for table in kept_tables.sorted_tables:
            _create(connection, table.to_metadata(MetaData(), schema=kept))
        _widen(connection, kept)
        version = _version_table(kept)
        _create(connection, version)
        if stored_version(connection, schema) is None:
            _run(connection, version.insert().values(version=text(str(SCHEMA_VERSION))))


def stored_days(connection: Connection, schema: str) -> list[str]:
    """The days that are stored, oldest first."""
    return _days_named(connection, schema)


def days_of_failures(connection: Connection, schema: str) -> list[str]:
    """The days whose failures are kept, oldest first."""
    return _days_named(connection, f"{schema} failures")


def schemas_of(connection: Connection, schema: str) -> dict[str, str]:
    """The days for which anything is stored, oldest first, each with the schema that has it."""
    found = {day: schema_of_failures(schema, day) for day in days_of_failures(connection, schema)}
    found |= {day: schema_of_day(schema, day) for day in stored_days(connection, schema)}
    return dict(sorted(found.items()))


def create_day(connection: Connection, schema: str, day: str) -> None:
    """Makes the partitions of `day`, within a transaction. ATTACH waits for no query of the
    parent, as CREATE TABLE ... PARTITION OF would."""
    own = schema_of_day(schema, day)
    _run(connection, CreateSchema(own))
    for table in day_tables.sorted_tables:
        _create(connection, _partition(table, own, day))
        connection.execute(
            f'ALTER TABLE "{schema}".{table.name} ATTACH PARTITION "{own}".{table.name} '
            f"FOR VALUES IN ('{day}')"
        )


def create_failures(connection: Connection, schema: str, day: str) -> None:
    """Makes the tables for the failures of `day`, within a transaction. They are not partitions: a
    query over all days must not take the failures of a day for all of its events."""
    own = schema_of_failures(schema, day)
    _run(connection, CreateSchema(own, if_not_exists=True))
    for table in day_tables.sorted_tables:
        _create(connection, table.to_metadata(MetaData(), schema=own))


def check_version(connection: Connection, schema: str) -> None:
    """Raises `LedgerError` for a ledger of another schema version."""
    version = stored_version(connection, schema)
    if version not in (None, SCHEMA_VERSION):
        age = "a newer" if version > SCHEMA_VERSION else "an earlier"
        raise LedgerError(
            f"the ledger in PostgreSQL was written by {age} version of the gateway (schema "
            f"{version}; this version reads {SCHEMA_VERSION} alone); use that version, or another "
            "database"
        )


def stored_version(connection: Connection, schema: str) -> int | None:
    """The schema version of the stored ledger; None if nothing was written yet."""
    name = f'"{schema_of_kept(schema)}".schema_version'
    (table,) = connection.execute("SELECT to_regclass(%s)", (name,)).fetchone() or (None,)
    row = connection.execute(f"SELECT version FROM {name}").fetchone() if table else None
    return row[0] if row else None


def _days_named(connection: Connection, prefix: str) -> list[str]:
    named = "SELECT nspname FROM pg_namespace WHERE nspname ~ %s ORDER BY nspname"
    pattern = f"^{prefix} [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$"
    return [name[-10:] for (name,) in connection.execute(named, (pattern,))]


def _parent(table: Table, schema: str) -> Table:
    parent = table.to_metadata(MetaData(), schema=schema)
    parent.append_column(Column("day", Date, primary_key=True))
    parent.dialect_options["postgresql"]["partition_by"] = "LIST (day)"
    return parent


def _partition(table: Table, schema: str, day: str) -> Table:
    partition = table.to_metadata(MetaData(), schema=schema)
    default = text(f"'{day}'::date")
    partition.append_column(Column("day", Date, primary_key=True, server_default=default))
    return partition


def _version_table(schema: str) -> Table:
    return Table("schema_version", MetaData(schema=schema), Column("version", Integer))


def _widen(connection: Connection, kept: str) -> None:
    """Lets the numbers of an earlier version's tables exceed 31 bits, as those of `kept_tables`
    do."""
    narrow = (
        "SELECT table_name FROM information_schema.columns WHERE table_schema = %s "
        "AND table_name IN ('totals', 'baselines') AND data_type = 'integer'"
    )
    for (name,) in connection.execute(narrow, (kept,)).fetchall():
        connection.execute(f'ALTER TABLE "{kept}".{name} ALTER COLUMN number TYPE bigint')


def _create(connection: Connection, table: Table) -> None:
    _run(connection, CreateTable(table, if_not_exists=True))
    for index in table.indexes:
        _run(connection, CreateIndex(index, if_not_exists=True))


def _run(connection: Connection, statement: object) -> None:
    connection.execute(str(statement.compile(dialect=_DIALECT)))  # type: ignore[attr-defined]
