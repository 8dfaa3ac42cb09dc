"""One SQLite file of the ledger: opened to write by one process, to read by any on this machine."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.pool import NullPool

from gateway.ledger.errors import LedgerError
from gateway.ledger.tables import SCHEMA_VERSION
from gateway.system.private_files import create_private

BUSY_MS = 5000
"""How long SQLite waits for another process before it gives up."""

_SET_UP = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA busy_timeout = {BUSY_MS};
"""


def open_to_write(path: Path, tables: MetaData) -> sqlite3.Connection:
    """The database at `path`, with its tables; a commit is on disk. Raises `LedgerError` or
    sqlite3.Error."""
    create_private(path)  # SQLite gives its other files the same mode
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(_SET_UP)
        version = _version(connection, path)
        if version == 0:
            tables.create_all(_engine(path))
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def engine_to_read(path: Path) -> Engine:
    """For queries of the database at `path`. Raises `LedgerError` or sqlite3.Error."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        _version(connection, path)
    connection.close()
    return _engine(path, "?mode=ro&uri=true")


def _engine(path: Path, options: str = "?uri=true") -> Engine:
    return create_engine(
        f"sqlite+pysqlite:///file:{path.absolute()}{options}",
        poolclass=NullPool,
        connect_args={"timeout": BUSY_MS / 1000},
    )


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"{path} was written by a newer version of the gateway (schema {version}; this version "
            f"knows {SCHEMA_VERSION}); use that version, or move the file away"
        )
    return int(version)
