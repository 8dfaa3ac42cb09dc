"""How long the ledger keeps what, and what it removes first if there is no room."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.configuration.ledger import LedgerSettings
from gateway.ledger.answers import Wanted
from gateway.ledger.day_rows import DayRows
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.retention import clean, day_before
from gateway.queue.entry import Entry
from tests.ledger.conftest import Open
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DAY = 86_400
OLD = 9
"""Age in days: events this old are no longer kept, but their failures are."""


async def append_old(books: Books, number: int, age: float = OLD, **event: Any) -> list[Entry]:
    """Appends an event that came in `age` days ago. Returns its entries at `ads` and `books`."""
    decision = decide(make_event(number, **event), send=["ads", "books"])
    decision.received_at = time.time() - age * DAY
    await books.append(decision)
    return [*await books.read("ads"), *await books.read("books")]


async def append_failure(books: Books, number: int = 0, age: float = OLD, **event: Any) -> Entry:
    """Appends an event that `ads` rejects after a retry and `books` accepts. Returns the entry of
    `ads`."""
    ads, other = await append_old(books, number, age, **event)
    await books.settle("ads", [ads], "retry", "HTTP 503")
    await books.settle("ads", [ads], "rejected", "HTTP 400: no such pixel")
    await books.settle("books", [other], "delivered")
    return ads


def stories(books: Books, wanted: str) -> list[Any]:
    return list(books.reader.stories(books.digests.of_text(wanted), 10))


async def test_a_failure_is_found_as_before_once_its_day_is_over(books: Books) -> None:
    entry = await append_failure(books, client_id="anna")
    for each, name in zip(await append_old(books, 1), ("ads", "books"), strict=True):
        await books.settle(name, [each], "delivered")
    await books.store()
    (before,) = stories(books, "anna")
    rejected = Wanted(ending="rejected", where=[("client_id", "anna")])
    listed = list(books.reader.endings(rejected))
    (recorded, _) = books.reader.recorded("ads", Wanted())
    counts = books.counts("ads")
    books.writer.clean(time.time())
    assert books.writer._store.days() == []
    assert stories(books, "anna") == [before]
    assert before == books.reader.story(entry.receipt)
    assert before.payload["client_id"] == "anna"
    assert [(e.destination, e.ending, len(e.attempts)) for e in before.endings] == [
        ("ads", "rejected", 1),
        ("books", "delivered", 0),
    ]
    assert list(books.reader.endings(rejected)) == listed
    assert list(books.reader.recorded("ads", Wanted())) == [recorded]
    assert stories(books, "event-1") == []
    assert books.counts("ads") == counts == {"accepted": 2, "rejected": 1, "delivered": 1}


async def test_what_expired_is_a_failure_and_what_was_withheld_is_none(books: Books) -> None:
    for number, result in enumerate(("expired", "withheld", "dry run", "retry")):
        ads, other = await append_old(books, number)
        await books.settle("ads", [ads], result)
        await books.settle("books", [other], "delivered")
    await books.store()
    books.writer.clean(time.time())
    assert books.ended() == [("ads", "expired"), ("books", "delivered")]
    assert len(books.rows("events")) == 1
    assert len(books.rows("lookups")) == len(set(books.rows("lookups"))) >= 1


async def test_failures_go_after_their_time(books: Books) -> None:
    await append_failure(books)
    await books.store()
    books.writer.clean(time.time())
    (day,) = books.days()
    books.writer.clean(time.time() + (30 - OLD) * DAY - DAY)
    assert books.days() == [day]
    books.writer.clean(time.time() + (30 - OLD) * DAY + DAY)
    assert books.days() == []
    assert stories(books, "event-0") == []
    assert books.counts("ads") == {"accepted": 1, "rejected": 1}


async def test_no_failures_are_kept_that_are_to_be_kept_no_longer_than_their_day(
    open_books: Open,
) -> None:
    books = open_books(failures_keep_days=7)
    await append_failure(books)
    await books.store()
    books.writer.clean(time.time())
    assert books.days() == []


async def test_a_person_is_erased_from_failures_that_are_kept(books: Books) -> None:
    entry = await append_failure(books, client_id="anna")
    await append_failure(books, 1, client_id="bert")
    await books.store()
    books.writer.clean(time.time())
    erasure, digest = books.place.to_erase(), books.digests.of_text("anna")
    ((day, theirs),) = erasure.receipts_of(digest).items()
    assert theirs == {entry.receipt}
    assert erasure.delivered_of(day, theirs) == {"books": 1}
    erased = erasure.erase_day(day, theirs)
    assert (erased.events, erased.delivered) == (1, {"books": 1})
    assert erasure.receipts_of(digest) == {}
    assert stories(books, "anna") == []
    assert len(stories(books, "bert")) == 1


async def test_one_that_is_erased_while_its_day_is_removed_stays_erased(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The removal is interrupted after the failures are copied; then the person is erased."""
    await append_failure(books, client_id="anna")
    await books.store()
    with monkeypatch.context() as patched:
        break_off(patched, books)
        with pytest.raises(Killed):
            books.writer.clean(time.time())
    books.writer.close()
    erasure, digest = books.place.to_erase(), books.digests.of_text("anna")
    ((day, theirs),) = erasure.receipts_of(digest).items()
    assert erasure.erase_day(day, theirs).events == 1
    books.writer.clean(time.time())
    assert stories(books, "anna") == []
    assert books.rows("events") == books.rows("lookups") == books.rows("attempts") == []


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def break_off(patched: pytest.MonkeyPatch, books: Books) -> None:
    """Interrupts the removal of a day after its failures are copied."""

    def killed(*_: object) -> None:
        raise Killed

    if type(books.place).__name__ == "LedgerFolder":
        patched.setattr("gateway.ledger.counts_file.CountsFile.roll_up", killed)
    else:
        patched.setattr("gateway.ledger.postgresql.store.drop_schema", killed)


class Shelf:
    """A `gateway.ledger.retention.Retained` that has only sizes. days: bytes of each day. failures:
    bytes of each day's failures."""

    def __init__(self, days: dict[str, int], failures: dict[str, int], free: float) -> None:
        self.whole, self.failing, self.kept, self.free = days, failures, dict[str, int](), free

    def days(self) -> list[str]:
        return sorted(self.whole)

    def days_of_failures(self) -> list[str]:
        return sorted(self.kept)

    def size(self, day: str) -> int:
        return self.whole[day]

    def size_of_failures(self, day: str) -> int:
        return self.kept[day]

    def is_full(self) -> bool:
        return self.free < sum(self.whole.values()) + sum(self.kept.values())

    def is_over(self, day: str) -> bool:
        return False

    def remove(self, day: str, keeps_failures: bool) -> None:
        del self.whole[day]
        if keeps_failures and self.failing.get(day):
            self.kept[day] = self.failing[day]

    def remove_failures(self, day: str) -> None:
        del self.kept[day]

    def forget(self, now: float, days: int) -> None: ...

    def forget_configurations(self, now: float, days: int) -> None: ...


NOW = 1_795_219_200.0
MB = 1_000_000


@pytest.mark.parametrize(
    ("sizes", "failing", "free", "days_left", "failures_left"),
    [
        ([5, 5, 5, 5], 0.1, 1000, [0, 1, 2, 3], []),
        ([30, 30, 30, 30], 0.1, 1000, [0, 1, 2], [3]),
        ([30, 30, 30, 30, 30, 30], 0.1, 1000, [0, 1, 2], [3, 4, 5]),
        ([30, 30, 30, 30, 30, 30], 1, 1000, [0, 1, 2], []),
        ([90, 5, 5, 5], 1, 1000, [0], [1, 2]),
        ([90, 40, 40], 0.1, 1000, [0], [1, 2]),
        ([200, 1], 1, 1000, [0], []),
        ([30, 30, 30], 0.1, 70, [0, 1], []),
        ([30, 30, 30], 0.1, 1, [0], []),
    ],
    ids=[
        "there is room",
        "the oldest day goes and leaves its failures",
        "as many days go as are too many",
        "failures that take too much go, the oldest first",
        "days that are all failures",
        "the newest day stays",
        "failures go last for the newest day",
        "a disk that is nearly full loses days with their failures",
        "a disk that others fill",
    ],
)
def test_what_makes_room(
    sizes: Sequence[int],
    failing: float,
    free: int,
    days_left: list[int],
    failures_left: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = [day_before(NOW, age) for age in range(len(sizes))]
    whole = {name: size * MB for name, size in zip(names, sizes, strict=True)}
    shelf = Shelf(whole, {name: int(failing * n) for name, n in whole.items()}, free * MB)
    clean(shelf, LedgerSettings(max_bytes=100 * MB), NOW)
    assert shelf.days() == sorted(names[age] for age in days_left)
    assert shelf.days_of_failures() == sorted(names[age] for age in failures_left)
    removed = len(sizes) - len(days_left)
    words = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert sum("the ledger of" in r.getMessage() for r in words) == removed


def test_a_day_that_is_over_knows_which_records_it_has(
    place: LedgerFolder | LedgerDatabase,
) -> None:
    first, second, feeds = "2026-11-01", "2026-11-02", ("a1", "b2")
    store = place.to_write()
    store.open()
    for day, last_id in ((first, "5-1"), (second, "12-1")):
        store.write(day, DayRows(), "a1", last_id)
        store.remove(day, keeps_failures=False)

    def last_ids(day: str) -> list[str]:
        return [store.last_id(day, feed) for feed in feeds]

    assert (last_ids(first), last_ids(second)) == (["5-1", "0-0"], ["12-1", "0-0"])
    store.close()
    store.open()
    for feed in feeds:
        store.add_late({first: DayRows()}, feed, "7-1")
    assert (last_ids(first), last_ids(second)) == (["7-1", "7-1"], ["12-1", "7-1"])
    store.forget(NOW + 3660 * DAY, 400)
    assert last_ids(second) == ["7-1", "7-1"]
    store.close()


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ([25, 25], "take more than a fifth of ledger.max_bytes"),
        ([120, 1], "ledger.max_bytes is reached"),
    ],
    ids=["they take more than their share", "the newest day takes all"],
)
def test_it_is_logged_why_failures_are_removed(
    sizes: Sequence[int], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = [day_before(NOW, age) for age in range(len(sizes))]
    whole = {name: size * MB for name, size in zip(names, sizes, strict=True)}
    shelf = Shelf(whole, {**whole}, 1000 * MB)
    shelf.remove(names[-1], keeps_failures=True)
    clean(shelf, LedgerSettings(max_bytes=100 * MB), NOW)
    (record,) = [each for each in caplog.records if "the failures of" in each.getMessage()]
    assert record.getMessage().endswith(why)


async def test_a_configuration_is_kept_while_it_is_in_force_and_then_for_a_time(
    books: Books,
) -> None:
    now = time.time()
    for version, age in (("a", 900), ("b", 800), ("c", 700), ("a", 300)):
        books.writer.keep_configuration(version, f"text of {version}", now - age * DAY)
        await books.writer.step()
    books.writer.clean(now)
    kept = {name: books.reader.configuration(name) for name in "abc"}
    assert kept == {"a": "text of a", "b": None, "c": "text of c"}  # c was in force 400 days ago
    versions = books.reader.configurations(5)
    assert versions == [("a", now - 300 * DAY), ("c", now - 700 * DAY)]
    assert books.reader.configurations(1) == versions[:1]


async def test_a_failure_learns_what_becomes_of_it_after_its_day(books: Books) -> None:
    """After a replay, for example, so that nobody thinks that it still has to be sent."""
    entry = await append_failure(books, client_id="anna")
    pending, other = await append_old(books, 1)
    await books.settle("books", [other], "delivered")
    await books.store()
    books.writer.clean(time.time())
    assert await books.replay("ads", [entry]) == 1
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.settle("ads", [pending], "rejected", "HTTP 400")
    records = await books.records()
    await books.store()
    books.writer.store(records, await books.feed.name(""))  # repeated
    (story,) = stories(books, "anna")
    assert [(e.destination, e.passage, e.ending) for e in story.endings] == [
        ("ads", 1, "rejected"),
        ("ads", 2, "delivered"),
        ("books", 1, "delivered"),
    ]
    assert stories(books, "event-1") == []
    assert books.counts("ads") == {"accepted": 3, "rejected": 2, "delivered": 1}
    names = books.reader.counts(0, time.time() + 60, "name")
    assert names["purchase", "ads", "delivered"] == 1
