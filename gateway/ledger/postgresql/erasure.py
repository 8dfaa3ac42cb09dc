"""Erasure in PostgreSQL: deletes the rows of events from the tables of their days. The counts stay.

Deleted rows stay in the files of a table until it is rewritten (``VACUUM FULL``). The write-ahead
log of the server, its archive and its backups cannot be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from psycopg.errors import InvalidSchemaName, UndefinedTable
from psycopg.sql import SQL, Identifier

from gateway.ledger.erasure import Erased
from gateway.ledger.postgresql.connecting import Connection, connect, errors_in_words
from gateway.ledger.postgresql.schema import schema_of_day, schema_of_failures, schemas_of
from gateway.ledger.tables import AT_ANY_HOUR, EVENT_TABLES, IS_DELIVERED

_LOCK_TIMEOUT = "SET lock_timeout = '60s'"
_RECEIPTS = f"SELECT receipt FROM {{}}.lookups WHERE digest = ANY(%s) AND {AT_ANY_HOUR}"
_DELIVERED = (
    "SELECT destination, count(*) FROM {}.endings "
    f"WHERE {IS_DELIVERED} AND receipt = ANY(%s) GROUP BY destination"
)
_LOCK = "LOCK TABLE {}.lookups IN ROW EXCLUSIVE MODE"
_DELETE = "DELETE FROM {}.{} WHERE receipt = ANY(%s)"
_WRITE_AGAIN = "VACUUM FULL {}.{}"


class DatabaseErasure:
    """A `gateway.ledger.erasure.Erasing`. Raises `LedgerError`."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema

    def receipts_of(self, digests: Sequence[str]) -> dict[str, set[str]]:
        found = {}
        with self._connected() as connection:
            for day, schema in schemas_of(connection, self._schema).items():
                statement = SQL(_RECEIPTS).format(Identifier(schema))
                rows = connection.execute(statement, (_keys(digests),)).fetchall()
                if rows:
                    found[day] = {receipt.hex() for (receipt,) in rows}
        return found

    def delivered_of(self, day: str, receipts: Collection[str]) -> Counter[str]:
        with self._connected() as connection:
            schema = schemas_of(connection, self._schema).get(day)
            return _delivered(connection, schema, _keys(receipts)) if schema else Counter()

    def erase_day(self, day: str, receipts: Collection[str]) -> Erased:
        """A day that is removed meanwhile leaves its failures, so these are erased last."""
        erased, keys = Erased(), _keys(receipts)
        with self._connected() as connection:
            for schema in (
                schema_of_day(self._schema, day),
                schema_of_failures(self._schema, day),
            ):
                with suppress(InvalidSchemaName, UndefinedTable):
                    erased.add(_erase(connection, schema, keys))
        return erased

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with errors_in_words(), closing(connect(self._url)) as connection:
            connection.execute(_LOCK_TIMEOUT)
            yield connection


def _erase(connection: Connection, schema: str, keys: list[bytes]) -> Erased:
    with connection.transaction():
        connection.execute(SQL(_LOCK).format(Identifier(schema)))
        erased = Erased(delivered=_delivered(connection, schema, keys))
        for table in EVENT_TABLES:
            statement = SQL(_DELETE).format(Identifier(schema), Identifier(table))
            erased.events = connection.execute(statement, (keys,)).rowcount
    for table in EVENT_TABLES:
        connection.execute(SQL(_WRITE_AGAIN).format(Identifier(schema), Identifier(table)))
    return erased


def _delivered(connection: Connection, schema: str, keys: list[bytes]) -> Counter[str]:
    statement = SQL(_DELIVERED).format(Identifier(schema))
    return Counter(dict(connection.execute(statement, (keys,)).fetchall()))


def _keys(texts: Collection[str]) -> list[bytes]:
    """texts: receipts or digests."""
    return [bytes.fromhex(each) for each in texts]
