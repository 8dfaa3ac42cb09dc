"""Behaviour of a ledger in SQLite files that PostgreSQL does not share."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy.event import listen, remove

from gateway.ledger import database
from gateway.ledger.answers import Wanted
from gateway.ledger.erasure import FolderErasure
from gateway.ledger.errors import LedgerError
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.folder_files import FolderFiles
from gateway.ledger.folder_files import remove as remove_files
from gateway.ledger.reading import LedgerReader
from gateway.ledger.retention import day_before
from gateway.ledger.tables import events, kept_hours
from gateway.queue.feed import Decided
from gateway.system.private_files import create_private
from gateway.system.tasks import cancel_and_wait
from tests.ledger.test_ledger_retention import append_failure
from tests.support.events import decide, make_event
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
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


_EARLIER_EVENTS = """
ALTER TABLE events RENAME TO made;
CREATE TABLE events (receipt BLOB NOT NULL, at FLOAT NOT NULL, name TEXT NOT NULL,
  source TEXT NOT NULL, trusted INTEGER NOT NULL, version TEXT NOT NULL, consent TEXT NOT NULL,
  states TEXT NOT NULL, country TEXT NOT NULL, browser TEXT NOT NULL, going_to TEXT NOT NULL,
  origin TEXT, payload TEXT, PRIMARY KEY (receipt)) WITHOUT ROWID;
INSERT INTO events SELECT * FROM made;
DROP TABLE made;
"""
"""Turns the table `events` into the one that an earlier version created."""


async def test_a_file_that_an_earlier_version_began_is_read_and_goes_on(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    books.writer.close()
    (day,) = folder.days()
    with closing(sqlite3.connect(folder.day(day))) as file:
        file.executescript(_EARLIER_EVENTS)
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.append(decide(make_event(1), send=["ads"]))
    await books.store()
    for name, ending in (("event-0", "delivered"), ("event-1", "pending")):
        (story,) = books.reader.stories(books.digests.of_text(name), 10)
        assert [each.ending for each in story.endings] == [ending]
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    erasure = FolderErasure(folder)
    assert erasure.erase_day(day, [story.receipt]).events == 1
    assert not [*books.reader.stories(books.digests.of_text("event-0"), 10)]
    books.writer.close()


async def test_a_reader_of_a_file_whose_tables_are_being_made_finds_nothing(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    found = []

    def ask(*_: Any, **__: Any) -> None:
        reader = LedgerReader(folder)
        found.append([*reader.stories(books.digests.of_text("event-0"), 10)])
        found.append([*reader.endings(Wanted())])
        found.append([*reader.counts(0, 4e9, "")])

    for table in (events, kept_hours):
        listen(table, "after_create", ask)
    try:
        await books.append(decide(make_event(0), send=["ads"]))
        await books.store()
    finally:
        for table in (events, kept_hours):
            remove(table, "after_create", ask)
    assert found
    assert not any(found)
    assert [*books.reader.stories(books.digests.of_text("event-0"), 10)]
    books.writer.close()


async def test_a_day_without_tables_is_removed_and_keeps_no_other_day_from_it(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    (today,) = folder.days()
    now = time.time()
    create_private(folder.day(day_before(now, 300)))
    books.writer.clean(now)
    assert folder.days() == [today]
    books.writer.close()


async def test_a_day_that_is_removed_while_it_is_opened_is_passed_over(
    redis: Redis, folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    books.writer.close()
    (day,) = folder.days()
    opened = database._open_to_read

    def remove_first(path: Path) -> sqlite3.Connection:
        remove_files(folder.day(day))
        return opened(path)

    monkeypatch.setattr(database, "_open_to_read", remove_first)
    assert [*books.reader.endings(Wanted())] == []


@pytest.mark.parametrize("when", ["before it is opened", "while it is opened"])
@pytest.mark.parametrize("step", ["find", "count", "erase"])
async def test_a_day_that_is_removed_during_an_erasure_does_not_come_back(
    redis: Redis, folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch, when: str, step: str
) -> None:
    """The failures that are kept when the day is removed are found and erased."""
    books = Books(redis, folder)
    await append_failure(books, client_id="anna")
    await books.store()
    erasure, digests = FolderErasure(folder), books.digests.of_text("anna")
    ((day, theirs),) = erasure.receipts_of(digests).items()
    removed: list[str] = []

    def remove_once() -> None:
        if not removed:
            removed.append(day)
            books.writer.clean(time.time())

    databases, connect = FolderFiles.databases, sqlite3.connect

    def removed_before(self: FolderFiles, of_day: str) -> Iterator[Path]:
        for path in databases(self, of_day):
            remove_once()
            yield path

    def removed_meanwhile(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        remove_once()
        return connection

    with monkeypatch.context() as patched:
        if when == "before it is opened":
            patched.setattr(FolderFiles, "databases", removed_before)
        else:
            patched.setattr(sqlite3, "connect", removed_meanwhile)
        if step == "find":
            assert erasure.receipts_of(digests) == {day: theirs}
        elif step == "count":
            assert erasure.delivered_of(day, theirs) == {"books": 1}
        else:
            assert erasure.erase_day(day, theirs).events == 1
    assert removed
    assert folder.days() == []
    assert len(books.rows("events")) == (0 if step == "erase" else 1)
    books.writer.close()


def test_a_full_disk_leaves_no_part_of_a_key(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        folder.key()
    assert [*folder.path.iterdir()] == []


async def test_records_that_an_earlier_version_fed_are_stored(
    redis: Redis, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.append(decide(make_event(0), send=["ads", "books"], withhold=["crm"]))
    (record,) = await books.records()
    decided = Decided.read(record.fields["d"])
    entries = [f"e{number}" for number, _ in enumerate(record.payloads)]
    fed = dict(zip(entries, record.payloads, strict=True))
    await redis.delete(KEYS.feed)
    await redis.xadd(KEYS.feed, {"d": orjson.dumps(tuple(decided)), **fed})
    fates = [
        (f"{number}-0", decided.receipt, 1, "delivered", decided.at, 1, 204, "")
        for number in range(2)
    ]
    for name, fate in zip(("ads", "books"), fates, strict=True):
        told = {"destination": name, "version": "v1", "fates": [fate]}
        await redis.xadd(KEYS.feed, {"s": orjson.dumps(told), "a": "0-0"})  # ends only at ads
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [(each.destination, each.ending) for each in story.endings] == [
        ("ads", "delivered"),
        ("books", "pending"),
        ("crm", "withheld"),
    ]
    assert story.payload is not None
    assert books.counts("ads") == {"accepted": 1, "delivered": 1}
    assert books.counts("crm") == {"accepted": 1, "withheld": 1}
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
    """`gateway erase` holds such a lock while it rewrites a file."""
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
    await cancel_and_wait(writing)
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
