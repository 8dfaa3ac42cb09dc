"""Erasure in PostgreSQL: the rows of events leave the tables of their days. The counts stay.

Deleted rows stay in the files of a table until it is written again (``VACUUM FULL``). What the
write-ahead log of the server, its archive and its backups hold is beyond reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager

from psycopg.sql import SQL, Identifier

from gateway.ledger.erasure import TABLES, Erased
from gateway.ledger.postgresql.connecting import Connection, connect, errors_in_words
from gateway.ledger.postgresql.schema import schema_of_day, stored_days
from gateway.ledger.tables import DELIVERED

_LOCK_TIMEOUT = "SET lock_timeout = '60s'"
_RECEIPTS = "SELECT receipt FROM {}.lookups WHERE digest = %s"
_DELIVERED = (
    "SELECT destination, count(*) FROM {}.endings "
    f"WHERE {DELIVERED} AND receipt = ANY(%s) GROUP BY destination"
)
_DELETE = "DELETE FROM {}.{} WHERE receipt = ANY(%s)"
_WRITE_AGAIN = "VACUUM FULL {}.{}"


class DatabaseErasure:
    """A `gateway.ledger.erasure.Erasing`. Raises `LedgerError`."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema

    def receipts_of(self, digest: str) -> dict[str, set[str]]:
        found = {}
        with self._connected() as connection:
            for day in stored_days(connection, self._schema):
                statement = SQL(_RECEIPTS).format(self._of(day))
                rows = connection.execute(statement, (bytes.fromhex(digest),)).fetchall()
                if rows:
                    found[day] = {receipt.hex() for (receipt,) in rows}
        return found

    def delivered_of(self, day: str, receipts: Collection[str]) -> Counter[str]:
        with self._connected() as connection:
            return self._delivered(connection, day, _keys(receipts))

    def erase_day(self, day: str, receipts: Collection[str]) -> Erased:
        schema, keys = self._of(day), _keys(receipts)
        with self._connected() as connection:
            with connection.transaction():
                erased = Erased(delivered=self._delivered(connection, day, keys))
                for table in TABLES:
                    statement = SQL(_DELETE).format(schema, Identifier(table))
                    erased.events = connection.execute(statement, (keys,)).rowcount
            for table in TABLES:
                connection.execute(SQL(_WRITE_AGAIN).format(schema, Identifier(table)))
        return erased

    def _delivered(self, connection: Connection, day: str, keys: list[bytes]) -> Counter[str]:
        statement = SQL(_DELIVERED).format(self._of(day))
        return Counter(dict(connection.execute(statement, (keys,)).fetchall()))

    def _of(self, day: str) -> Identifier:
        return Identifier(schema_of_day(self._schema, day))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with errors_in_words(), closing(connect(self._url)) as connection:
            connection.execute(_LOCK_TIMEOUT)
            yield connection


def _keys(receipts: Collection[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in receipts]
