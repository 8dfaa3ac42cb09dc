"""A ledger with real servers, in SQLite files and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from tests.support.ledger import Books
from tests.support.postgresql_server import PostgreSQL

NUMBERS = count(1)


class Open(Protocol):
    def __call__(self, **options: Any) -> Books: ...


@pytest.fixture(scope="session")
def shared_database(postgresql: PostgreSQL) -> str:
    """The URL of one for the whole run, in which every test has schemas of its own."""
    return postgresql.new_database()


@pytest.fixture
def database(shared_database: str) -> LedgerDatabase:
    return LedgerDatabase(shared_database, f"ledger_{next(NUMBERS)}", "salt")


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    return LedgerFolder(tmp_path / "ledger")


@pytest.fixture(params=["folder", "database"], ids=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> LedgerFolder | LedgerDatabase:
    found: LedgerFolder | LedgerDatabase = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def open_books(redis: Redis, place: LedgerFolder | LedgerDatabase) -> Iterator[Open]:
    opened: list[Books] = []

    def open_books(**options: Any) -> Books:
        opened.append(Books(redis, place, **options))
        return opened[-1]

    yield open_books
    for each in opened:
        each.writer.close()


@pytest.fixture
def books(open_books: Open) -> Books:
    return open_books()
