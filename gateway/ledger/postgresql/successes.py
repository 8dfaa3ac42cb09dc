"""Removes events that succeeded, with `ledger.successes`."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.sql import SQL, Identifier

from gateway.ledger.postgresql.connecting import Connection
from gateway.ledger.successes import succeeded
from gateway.ledger.tables import EVENT_TABLES

_BY_RECEIPT = "CREATE INDEX IF NOT EXISTS lookups_of_events ON {}.lookups (receipt)"
_ENDED = """
SELECT receipt, going_to, origin, destination, passage, ending
FROM {0}.events JOIN {0}.endings USING (receipt) WHERE receipt = ANY(%s) ORDER BY receipt
"""
_DELETE = "DELETE FROM {}.{} WHERE receipt = ANY(%s)"


def index_lookups(connection: Connection, schema: Identifier) -> None:
    """Makes the index with which the lookups of an event are removed without reading all rows."""
    connection.execute(SQL(_BY_RECEIPT).format(schema))


def forget(connection: Connection, schema: Identifier, ended: Sequence[bytes]) -> None:
    """Removes the events among `ended` that succeeded, within a transaction."""
    receipts = succeeded(connection.execute(SQL(_ENDED).format(schema), (ended,)))
    if receipts:
        for table in EVENT_TABLES:
            connection.execute(SQL(_DELETE).format(schema, Identifier(table)), (receipts,))
