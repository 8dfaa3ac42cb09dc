"""Connections to PostgreSQL, and its errors in words that hold no data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgramLimitExceeded

from gateway.ledger.errors import LedgerError, RefusedValue

Connection = psycopg.Connection[tuple[Any, ...]]

_OPTIONS: dict[str, Any] = {
    "application_name": "event-gateway",
    "connect_timeout": 5,
    # so that a connection that was cut off is noticed, here and at the server
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_AT_THE_SERVER = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)


def connect(url: str) -> Connection:
    """A connection on which each statement is a transaction of its own. Raises `LedgerError` for a
    URL that libpq does not understand, or psycopg.Error."""
    try:
        options = _OPTIONS | conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its text may repeat the password
        raise LedgerError(
            "ledger.url is not a URL of PostgreSQL: use postgresql://USER:PASSWORD@HOST/DATABASE, "
            "with percent-encoding for reserved characters"
        ) from None
    connection = psycopg.connect(**options, autocommit=True, prepare_threshold=None)
    try:
        connection.execute(_AT_THE_SERVER)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Raises `LedgerError` in place of psycopg.Error."""
    try:
        yield
    except psycopg.Error as error:
        raise LedgerError(in_words(error)) from None


@contextmanager
def refused_values() -> Iterator[None]:
    """Raises `RefusedValue` for values that PostgreSQL does not accept, such as a text too long for
    an index."""
    try:
        yield
    except (psycopg.DataError, ProgramLimitExceeded) as error:
        raise RefusedValue(in_words(error)) from None


def in_words(error: BaseException | None) -> str:
    """The message of PostgreSQL without the details, which repeat values."""
    if not isinstance(error, psycopg.Error):
        return f"PostgreSQL: {type(error).__name__}"
    if isinstance(error, psycopg.DataError):
        return f"PostgreSQL refused a value ({type(error).__name__})"
    return f"PostgreSQL: {error.diag.message_primary or ' '.join(str(error).split())}"
