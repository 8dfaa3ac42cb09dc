"""If a process is killed while it removes a day, no failure and no count is lost or doubled."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from gateway.configuration.ledger import LedgerSettings
from gateway.ledger import failures_file, folder_store
from gateway.ledger.answers import Wanted
from gateway.ledger.counts_file import CountsFile
from gateway.ledger.errors import LedgerTaken
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql import failures as failures_schema
from gateway.ledger.postgresql import store as database_store
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.retention import clean
from gateway.ledger.tables import EVENT_TABLES
from gateway.ledger.writer import LedgerWriter
from tests.ledger.test_ledger_retention import append_failure, append_old, stories
from tests.support.ledger import Books
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

Place = LedgerFolder | LedgerDatabase


def die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


class DieAmong(tuple[str, ...]):
    """The event tables; iterating over them kills the process after the first two."""

    def __iter__(self) -> Iterator[str]:
        yield from EVENT_TABLES[:2]
        die()


def unlink_one(path: Path, missing_ok: bool = False) -> None:
    os.unlink(path)
    die()


PLACES = {"sqlite": "folder", "postgresql": "database"}
POINTS = {
    "sqlite": {
        "before the copy": (failures_file, "open_to_write", die),
        "in the copy": (failures_file, "EVENT_TABLES", DieAmong()),
        "after the copy": (CountsFile, "roll_up", die),
        "after the counts": (folder_store, "remove", die),
        "among the files": (Path, "unlink", unlink_one),
    },
    "postgresql": {
        "in the copy": (failures_schema, "EVENT_TABLES", DieAmong()),
        "before all is committed": (database_store, "drop_schema", die),
    },
}


def clean_and_die(place: Place, store: str, point: str, now: float) -> None:
    target, name, instead = POINTS[store][point]
    with patch.object(target, name, instead):
        writing = place.to_write()
        writing.open()
        clean(writing, LedgerSettings(), now)


def has_cleaned(writer: LedgerWriter, now: float) -> bool:
    """Whether `writer` could clean. It cannot until PostgreSQL notices that the process with the
    lock was killed."""
    try:
        writer.clean(now)
    except LedgerTaken:
        return False
    return True


@pytest.mark.parametrize(
    ("place", "store", "point"),
    [
        pytest.param(
            "folder" if store == "sqlite" else "database", store, point, id=f"{store}, {point}"
        )
        for store, points in POINTS.items()
        for point in points
    ],
    indirect=["place"],
)
async def test_a_kill_leaves_every_failure_and_count_once(
    books: Books, place: Place, store: str, point: str
) -> None:
    entry = await append_failure(books, client_id="anna")
    ads, _ = await append_old(books, 1)
    await books.settle("ads", [ads], "delivered")
    await books.store()
    (before,) = stories(books, "anna")
    counts = books.counts("ads")
    books.writer.close()
    now = time.time()
    process = multiprocessing.get_context("spawn").Process(
        target=clean_and_die, args=(place, store, point, now)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    wanted = Wanted(ending="rejected")
    for _ in range(2):
        assert stories(books, "anna") == [before]
        assert books.reader.story(entry.receipt) == before
        assert books.counts("ads") == counts
        assert [each.receipt for each in books.reader.endings(wanted)] == [entry.receipt]
        await until(lambda: has_cleaned(books.writer, now))
    assert books.writer._store.days() == []
    assert len(books.rows("events")) == 1
    if isinstance(place, LedgerFolder):
        assert {p.name for p in place.path.iterdir() if "failures" not in p.name} <= {
            "counts.sqlite",
            "counts.sqlite-wal",
            "counts.sqlite-shm",
            "key",
            "lock",
        }
