"""Erasure in the ledger: no byte of the erased rows stays in a file; the counts are kept."""

from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

import orjson
import pytest

from gateway.ledger import erasure
from gateway.ledger.day_file import DayFile
from gateway.ledger.day_rows import DayRows
from gateway.ledger.erasure import delivered_of, erase_day, receipts_of
from gateway.ledger.errors import LedgerError
from gateway.ledger.folder import LedgerFolder
from gateway.queue.receipts import day_of
from tests.support.events import decide, make_event
from tests.support.ledger import Books

AT = 1_795_219_200.0
DAY = day_of(f"{int(1000 * AT):012x}{'0' * 16}")
EVENTS = 6000


def receipts(chance: random.Random) -> list[str]:
    """Receipts of events that several processes took: nearly in the order of their times."""
    times = [AT + number / 100 + chance.random() * 3 for number in range(EVENTS)]
    return [f"{int(1000 * at):012x}{chance.getrandbits(64):016x}" for at in times]


def fill(file: DayFile) -> list[str]:
    """Stores events in small batches, and returns the receipts of the person's events."""
    chance, theirs = random.Random(7), []
    made = receipts(chance)
    for first in range(0, EVENTS, 100):
        rows = DayRows()
        for number, receipt in enumerate(made[first : first + 100], first):
            is_theirs = number % 20 == 0
            if is_theirs:
                theirs.append(receipt)
            client = f"marker-{number:05}" if is_theirs else "somebody"
            payload = {"client_id": client, "text": "y" * chance.randint(50, 900)}
            key = bytes.fromhex(receipt)
            rows.events.append(
                (
                    *(key, AT, "purchase", "site", 1, "v", "", "{}", "DE", "", "{}", None),
                    orjson.dumps(payload).decode(),
                )
            )
            digest = (b"m" if is_theirs else b"o") * 12
            rows.lookups.append((number % 24, [digest.hex()], receipt))
            rows.endings.append((key, "ads", 1, "delivered", "", "", AT, 1, 204, "v"))
            rows.attempts.append((key, "ads", 1, AT, 1, 503, f"marker {client}"))
            rows.hours[1, "", "", "ads", "delivered"] += 1
        file.write(rows, "feed", f"{first}-0")
    return theirs


def rows_of(folder: LedgerFolder, table: str) -> int:
    file = sqlite3.connect(folder.day(DAY))
    (count,) = file.execute(f"SELECT count(*) FROM {table}").fetchone()
    file.close()
    return int(count)


def traces(folder: LedgerFolder) -> int:
    return sum(path.read_bytes().count(b"marker-") for path in folder.path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    made = LedgerFolder(tmp_path / "ledger")
    made.key()
    return made


def test_nothing_of_the_rows_is_left_while_another_process_has_the_file(
    folder: LedgerFolder,
) -> None:
    writing = DayFile(folder.day(DAY))
    theirs = fill(writing)
    assert traces(folder)
    assert receipts_of(folder, [(b"m" * 12).hex()]) == {DAY: set(theirs)}
    assert delivered_of(folder, DAY, theirs) == {"ads": len(theirs)}
    erased = erase_day(folder, DAY, theirs)
    assert (erased.events, erased.delivered) == (len(theirs), {"ads": len(theirs)})
    assert traces(folder) == 0
    for table in ("events", "lookups", "endings", "attempts"):
        assert rows_of(folder, table) == EVENTS - len(theirs)
    assert receipts_of(folder, [(b"m" * 12).hex()]) == {}
    file = sqlite3.connect(folder.day(DAY))
    assert file.execute("SELECT sum(number) FROM hours WHERE dimension = ''").fetchone() == (
        EVENTS,
    )
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()
    writing.write(DayRows(), "feed", "9-9")
    assert writing.last_id("feed") == "9-9"
    writing.close()


def test_it_waits_for_readers(folder: LedgerFolder) -> None:
    writing = DayFile(folder.day(DAY))
    theirs = fill(writing)
    reading = sqlite3.connect(folder.day(DAY), isolation_level=None, check_same_thread=False)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM events").fetchone()
    end = threading.Timer(0.3, reading.close)
    end.start()
    erase_day(folder, DAY, theirs)
    end.join()
    assert traces(folder) == 0
    writing.close()


def test_a_reader_that_never_ends_is_said(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "WAIT_SECONDS", 0)
    writing = DayFile(folder.day(DAY))
    theirs = fill(writing)
    reading = sqlite3.connect(folder.day(DAY), isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM events").fetchone()
    with pytest.raises(LedgerError, match="run the command again"):
        erase_day(folder, DAY, theirs)
    reading.close()
    erase_day(folder, DAY, [])
    assert traces(folder) == 0
    writing.close()


@pytest.mark.anyio
async def test_what_ends_later_is_counted_and_not_found(books: Books) -> None:
    await books.append(decide(make_event(0, client_id="anna"), ["ads"]))
    (entry,) = await books.read("ads")
    await books.store()
    digests = books.digests.of_text("anna")
    erasure = books.place.to_erase()
    ((day, theirs),) = erasure.receipts_of(digests).items()
    assert theirs == {entry.receipt}
    assert erasure.delivered_of(day, theirs) == {}
    assert erasure.erase_day(day, theirs).events == 1
    assert erasure.receipts_of(digests) == {}
    await books.settle("ads", [entry], "delivered")
    await books.store()
    assert books.counts("ads") == {"accepted": 1, "delivered": 1}
    assert [*books.reader.stories(digests, 10)] == []
    assert books.rows("events") == books.rows("lookups") == []
