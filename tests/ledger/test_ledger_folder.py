"""What is true of a ledger in SQLite files alone."""

from __future__ import annotations

import sqlite3

import pytest
from redis.asyncio import Redis

from gateway.ledger.errors import LedgerError
from gateway.ledger.folder import LedgerFolder
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio


async def test_a_file_of_a_newer_version_is_an_error_in_words(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    books.writer.close()
    (day,) = folder.days()
    with sqlite3.connect(folder.day(day)) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(LedgerError, match="newer version of the gateway"):
        list(books.reader.stories(books.digests.of_text("event-0"), 10))
    await books.append(decide(make_event(1), send=["ads"]))
    with pytest.raises(LedgerError, match="newer version of the gateway"):
        await books.writer.step()
    assert len(await books.records()) == 1
    books.writer.close()


def test_the_key_is_made_once_and_private(folder: LedgerFolder) -> None:
    assert folder.key() == folder.key()
    assert len(folder.key()) == 32
    assert {path.stat().st_mode & 0o077 for path in folder.path.iterdir()} == {0}
    assert [path.name for path in folder.path.iterdir()] == ["key"]


async def test_no_file_has_an_identifier_of_what_was_withheld(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0, client_id="client-77"), withhold=["ads"]))
    await books.store()
    kept = b"".join(path.read_bytes() for path in folder.path.iterdir())
    books.writer.close()
    assert b"purchase" in kept
    assert b"client-77" not in kept
    assert b"event-0" not in kept
