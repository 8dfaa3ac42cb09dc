"""Ledgers in SQLite files and in PostgreSQL, with real servers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from tests.support.large_ledger import fill
from tests.support.ledger import Books
from tests.support.postgresql_server import PostgreSQL

NUMBERS = count(1)

FILLED_EVENTS, FILLED_DAYS, FILLED_UNTIL = 800, 2.5, 1_796_000_000.0


class Open(Protocol):
    def __call__(self, **options: Any) -> Books: ...


@pytest.fixture(scope="session")
def shared_database(postgresql: PostgreSQL) -> str:
    """The URL of a database for the whole run. Every test has schemas of its own in it."""
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


@pytest.fixture(scope="session", params=["folder", "database"], ids=["sqlite", "postgresql"])
def filled_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> LedgerFolder | LedgerDatabase:
    """`FILLED_EVENTS` events of the `FILLED_DAYS` before `FILLED_UNTIL`, for tests that only
    read."""
    place: LedgerFolder | LedgerDatabase
    if request.param == "folder":
        place = LedgerFolder(tmp_path_factory.mktemp("filled") / "ledger")
    else:
        url = request.getfixturevalue("shared_database")
        place = LedgerDatabase(url, f"ledger_{next(NUMBERS)}", "salt")
    fill(place, FILLED_EVENTS, FILLED_DAYS, FILLED_UNTIL)
    return place


@pytest.fixture
def filled(filled_place: LedgerFolder | LedgerDatabase) -> LedgerReader:
    return LedgerReader(filled_place)


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
