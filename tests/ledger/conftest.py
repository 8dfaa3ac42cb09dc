"""A ledger with a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from tests.support.ledger import Books


class Open(Protocol):
    def __call__(self, **options: Any) -> Books: ...


@pytest.fixture
def open_books(redis: Redis, tmp_path: Path) -> Iterator[Open]:
    opened: list[Books] = []

    def open_books(**options: Any) -> Books:
        opened.append(Books(redis, tmp_path / "ledger", **options))
        return opened[-1]

    yield open_books
    for each in opened:
        each.writer.close()


@pytest.fixture
def books(open_books: Open) -> Books:
    return open_books()
