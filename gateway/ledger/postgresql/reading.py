"""Reads a ledger in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.errors import InvalidSchemaName, UndefinedTable
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from gateway.ledger.errors import LedgerError
from gateway.ledger.postgresql.connecting import connect, in_words
from gateway.ledger.postgresql.schema import (
    check_version,
    schema_of_day,
    schema_of_failures,
    schema_of_kept,
    schemas_of,
)


class DatabaseReading:
    """A `gateway.ledger.reading.Reading`. Raises only `LedgerError`."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema
        self._engine = create_engine("postgresql+psycopg://", creator=self._connect)

    def days(self) -> list[str]:
        with self._connection() as connection:
            return list(schemas_of(_driver(connection), self._schema))

    @contextmanager
    def open_day(self, day: str) -> Iterator[Connection | None]:
        with self._open(schema_of_day(self._schema, day)) as connection:
            if connection is not None:
                yield connection
                return
        with self._open(schema_of_failures(self._schema, day)) as connection:
            yield connection

    @contextmanager
    def open_kept(self) -> Iterator[Connection | None]:
        with self._open(schema_of_kept(self._schema)) as connection:
            yield connection

    @contextmanager
    def held(self) -> Iterator[None]:
        """Does nothing, since the engine keeps its connections for later queries anyway."""
        yield

    @contextmanager
    def _open(self, schema: str) -> Iterator[Connection | None]:
        """Opens `schema` in a transaction that keeps its tables from being dropped: they are
        dropped together, and one of them is locked."""
        with self._connection() as connection:
            try:
                connection.exec_driver_sql(f'LOCK TABLE "{schema}".hours IN ACCESS SHARE MODE')
            except DBAPIError as error:
                if not isinstance(error.orig, InvalidSchemaName | UndefinedTable):
                    raise
                yield None
                return
            connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise LedgerError(f"the ledger cannot be read. {in_words(error.orig)}") from None

    def _connect(self) -> Any:
        connection = connect(self._url)
        try:
            check_version(connection, self._schema)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
