"""Opens an SQLite file of the ledger: for writing by one process, for reading by any on this
machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.pool import NullPool, StaticPool

from gateway.ledger.errors import LedgerError
from gateway.ledger.tables import SCHEMA_VERSION
from gateway.system.private_files import create_private

DRIVER = "sqlite+pysqlite://"

BUSY_MS = 5000
"""How long SQLite waits for another process before it gives up."""

PAGE_BYTES = 16_384
"""Chosen so that the row of an event with its content usually fits into a quarter of a page. Larger
rows may need overflow pages, which hold one row each. An existing file keeps its page size."""

_SET_UP = f"""
PRAGMA page_size = {PAGE_BYTES};
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
    with _closed_on_failure(connection):
        connection.executescript(_SET_UP)
        if _version(connection, path) == 0:
            _create(connection, tables)
    return connection


def open_to_change(path: Path) -> sqlite3.Connection:
    """Opens the database at `path` like `open_to_write`, but never creates it. Raises `NotYetMade`,
    `LedgerError` or sqlite3.Error."""
    connection = sqlite3.connect(_uri(path, "rw"), uri=True, isolation_level=None)
    with _closed_on_failure(connection):
        connection.executescript(_SET_UP)
        _check_made(connection, path)
    return connection


def _create(connection: sqlite3.Connection, tables: MetaData) -> None:
    """Creates all tables or none: until then, readers find a file without a version."""
    engine = create_engine(DRIVER, creator=lambda: connection, poolclass=StaticPool)
    with engine.begin() as transaction:
        transaction.exec_driver_sql("BEGIN IMMEDIATE")
        tables.create_all(transaction)
        transaction.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


class NotYetMade(Exception):
    """The file exists, but its tables do not yet: another process is about to create them."""


MAX_HELD = 16
"""Maximum number of files that stay open for the next query; a week has eight."""


class Files:
    """Opens files of the ledger for queries. The engine is made only once, since that takes
    SQLAlchemy longer than a query."""

    def __init__(self) -> None:
        self._path = Path()
        self._holding: ExitStack | None = None
        self._held: dict[Path, Connection] = {}
        self._engine = create_engine(DRIVER, creator=self._connect, poolclass=NullPool)

    @contextmanager
    def open(self, path: Path) -> Iterator[Connection]:
        """Raises `NotYetMade`, `LedgerError` or SQLAlchemy's DBAPIError."""
        if path in self._held:
            yield self._held[path]
            return
        self._path = path
        if self._holding is not None and len(self._held) < MAX_HELD:
            self._held[path] = self._holding.enter_context(self._engine.connect())
            yield self._held[path]
            return
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps files open within the `with` block, `MAX_HELD` at most: opening a file takes longer
        than a query of its counts."""
        with ExitStack() as self._holding:
            try:
                yield
            finally:
                self._holding = None
                self._held.clear()

    def _connect(self) -> sqlite3.Connection:
        return _open_to_read(self._path)


def is_made(path: Path) -> bool:
    """Whether the database at `path` has tables: a process that was killed or whose disk was full
    may have left it without any. Raises `LedgerError` or sqlite3.Error."""
    try:
        _open_to_read(path).close()
    except NotYetMade:
        return False
    return True


def _open_to_read(path: Path) -> sqlite3.Connection:
    opened = sqlite3.connect(_uri(path, "ro"), uri=True, timeout=BUSY_MS / 1000)
    with _closed_on_failure(opened):
        _check_made(opened, path)
    return opened


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _check_made(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == 0:
        raise NotYetMade


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, SCHEMA_VERSION):
        age = "a newer" if version > SCHEMA_VERSION else "an earlier"
        raise LedgerError(
            f"{path} was written by {age} version of the gateway (schema {version}; this version "
            f"reads {SCHEMA_VERSION} alone); use that version, or move the file away"
        )
    return int(version)
