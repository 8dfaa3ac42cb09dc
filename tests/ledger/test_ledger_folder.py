"""What is true of a ledger in SQLite files alone."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing

import pytest
from redis.asyncio import Redis

from gateway.ledger import database
from gateway.ledger.errors import LedgerError
from gateway.ledger.folder import LedgerFolder
from tests.support.events import decide, make_event
from tests.support.gateway_process import wait_for
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("version", "words"),
    [(99, "a newer version of the gateway"), (1, "an earlier version of the gateway")],
)
async def test_a_file_of_another_version_is_an_error_in_words(
    redis: Redis, folder: LedgerFolder, version: int, words: str
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    books.writer.close()
    (day,) = folder.days()
    with sqlite3.connect(folder.day(day)) as file:
        file.execute(f"PRAGMA user_version = {version}")
    file.close()
    with pytest.raises(LedgerError, match=words):
        list(books.reader.stories(books.digests.of_text("event-0"), 10))
    await books.append(decide(make_event(1), send=["ads"]))
    with pytest.raises(LedgerError, match=words):
        await books.writer.step()
    assert len(await books.records()) == 1
    books.writer.close()


def test_the_key_is_made_once_and_private(folder: LedgerFolder) -> None:
    assert folder.key() == folder.key()
    assert len(folder.key()) == 32
    assert {path.stat().st_mode & 0o077 for path in folder.path.iterdir()} == {0}
    assert [path.name for path in folder.path.iterdir()] == ["key"]


async def test_while_another_command_has_a_file_records_wait(
    redis: Redis,
    folder: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As `gateway erase`, which writes a file again."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(database, "_SET_UP", database._SET_UP.replace("5000", "1"))
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    await books.append(decide(make_event(1), send=["ads"]))
    (day,) = folder.days()
    with closing(sqlite3.connect(folder.day(day), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(books.writer.run())
        await asyncio.to_thread(wait_for, lambda: "wait in Redis" in caplog.text, 60, "a wait")
        assert len(await books.records()) == 1
    await asyncio.to_thread(wait_for, lambda: len(books.rows("events")) == 2, 60, "the row")
    writing.cancel()
    await asyncio.wait([writing])
    books.writer.close()
    assert {record.levelno for record in caplog.records} == {logging.INFO}


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
