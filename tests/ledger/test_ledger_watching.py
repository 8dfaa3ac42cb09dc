"""What the pages of a destination and of an event read from the ledger."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger import vendor_errors as vendor_errors_module
from gateway.ledger.answers import Wanted
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.quality import Orders, match_quality, orders, sample
from gateway.ledger.queries import Position, end_of_slice, listing
from gateway.ledger.reading import LedgerReader
from gateway.ledger.related import SOME_ID, related
from gateway.ledger.vendor_errors import RETRY, vendor_errors
from tests.ledger.conftest import FILLED_UNTIL, Open
from tests.support.events import decide, make_event
from tests.support.large_ledger import fill
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DAY = 86_400.0


async def end(books: Books, results: dict[int, str], reason: str = "") -> None:
    """Ends the events at ``ads``. results: by the number of the event; the others are retried."""
    for number, entry in enumerate(await books.read("ads")):
        await books.settle("ads", [entry], results.get(number, "retry"), reason)
    await books.store()


async def test_related_events_share_an_id(books: Books) -> None:
    fields: list[dict[str, Any]] = [
        {"transaction_id": "T-1", "client_id": "1.1", "user_id": "u"},
        {"transaction_id": "T-1", "client_id": "2.2"},
        {"transaction_id": "T-2", "client_id": "1.1", "user_id": "u"},
        {"user_data": {"email_address": "a@example.com"}},
        {"transaction_id": "T-3", "client_id": "3.3"},
    ]
    made = [decide({**make_event(n), **each}, ["ads"]) for n, each in enumerate(fields)]
    for number, decision in enumerate(made):
        decision.received_at = time.time() - 30 + number
    await books.append(*made)
    await books.store()
    receipts = sorted(row[0].hex() for row in books.rows("events"))
    found = related(books.reader, books.digests, receipts[0])
    assert [(each.story.receipt, each.shares) for each in found] == [
        (receipts[2], ["visitor", "user"]),
        (receipts[1], ["order"]),
    ]
    assert len(related(books.reader, books.digests, receipts[0], limit=1)) == 1
    assert related(books.reader, books.digests, receipts[3]) == []
    assert related(books.reader, books.digests, "0" * 28) == []


async def test_an_event_without_content_is_related_by_what_is_stored(open_books: Open) -> None:
    books = open_books(payload="none")
    for _ in range(2):
        await books.append(decide({**make_event(0), "transaction_id": "T-1"}, ["ads"]))
    await books.store()
    first, second = (row[0].hex() for row in books.rows("events"))
    (found,) = related(books.reader, books.digests, first)
    assert (found.story.receipt, found.shares) == (second, [SOME_ID])


async def test_errors_are_grouped_by_status_and_common_reason(books: Books) -> None:
    await books.append(*(decide(make_event(n), ["ads", "books"]) for n in range(10)))
    entries = await books.read("ads")
    for number, entry in enumerate(entries[:3]):
        await books.settle("ads", [entry], "rejected", f"no such id 12345{number}")
    await books.settle("ads", entries[3:4], WITH_WARNINGS, "v25.0 ends")
    await books.settle("ads", entries[4:6], "retry", "try again")
    await books.settle("ads", entries[4:5], "delivered")
    await books.settle("ads", entries[6:7], "submitted", "submitted: as job 1")
    for entry, words in zip(entries[7:9], ("submitted: no", "Submitted data is bad"), strict=True):
        await books.settle("ads", [entry], "rejected", words)
    await books.settle("ads", entries[9:], "retry", "Submitted: try later")
    await books.settle("books", await books.read("books"), "rejected", "of another")
    await books.store()
    now = time.time()
    found = vendor_errors(books.reader, "ads", now - DAY, now + 1)
    assert [(each.ending, each.status, each.reason, each.number) for each in found.groups] == [
        ("rejected", 400, "no such id #", 3),
        (RETRY, 503, "try again", 2),
        (WITH_WARNINGS, None, "v# ends", 1),
        ("rejected", 400, "Submitted data is bad", 1),
        ("rejected", 400, "submitted: no", 1),
        (RETRY, 503, "Submitted: try later", 1),
    ]
    assert found.groups[0].newest == max(each.receipt for each in entries[:3])
    assert found.looked_since is None
    assert vendor_errors(books.reader, "ads", now - DAY, now - 3600).groups == []


def test_errors_are_looked_for_in_a_bounded_number_of_rows(
    filled: LedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = FILLED_UNTIL - 3 * DAY
    whole = vendor_errors(filled, "meta", since, FILLED_UNTIL)
    told = [
        each
        for ending in ("rejected", "expired", WITH_WARNINGS)
        for each in filled.endings(Wanted(destination="meta", ending=ending))
    ]
    ended = [group for group in whole.groups if group.ending != RETRY]
    assert sum(group.number for group in ended) == len(told) > 10
    assert {group.newest for group in ended} <= {each.receipt for each in told}
    monkeypatch.setattr(vendor_errors_module, "MAX_ROWS", 5)
    part = vendor_errors(filled, "meta", since, FILLED_UNTIL)
    assert part.looked_since is not None
    assert part.groups == vendor_errors(filled, "meta", part.looked_since, FILLED_UNTIL).groups
    monkeypatch.undo()
    assert vendor_errors(filled, "meta", since, FILLED_UNTIL, seconds=0).groups == []


def test_a_sample_has_the_newest_events_that_a_destination_got(filled: LedgerReader) -> None:
    found = sample(filled, "meta", 100)
    told = [
        each
        for each in filled.endings(Wanted(destination="meta"))
        if each.ending.ending in ("delivered", WITH_WARNINGS)
    ]
    assert found == told[:100]
    assert {each.trusted for each in found} == {True, False}
    assert sample(filled, "meta", 100, seconds=0) == []


def test_match_quality_is_the_share_of_events_that_have_a_field() -> None:
    events: list[dict[str, Any]] = [
        {"user_data": {"email_address": "a@example.com", "address": {"city": "Bern"}}},
        {"user_data": {"sha256_email_address": ["0" * 64]}, "fbp": "fb.1.1.1", "fbc": ""},
        {"user_data": "odd", "user_agent": "agent", "click_ids": {"gclid": "x"}},
        {},
    ]
    found = match_quality(events)
    assert {name: share for name, share in found.items() if share} == {
        "email": 0.5,
        "address": 0.25,
        "fbp": 0.25,
        "click_id": 0.25,
        "user_agent": 0.25,
    }
    assert found["phone"] == found["fbc"] == 0
    assert match_quality([]) == {}


def test_orders_are_told_apart_by_who_sent_them() -> None:
    def event(order: object, event_id: str) -> dict[str, Any]:
        return {"transaction_id": order, "event_id": event_id}

    seen = [
        (event("A", "1"), False),
        (event("B", "2"), True),
        (event("B", "2"), True),
        (event("C", "3"), False),
        (event("C", "3"), True),
        (event("D", "4"), False),
        (event("D", "5"), True),
        (event(None, "6"), True),
        (event("", "7"), True),
        ({}, False),
    ]
    assert orders(seen) == Orders(4, by_browser=1, by_server=1, same_id=1, other_id=1)


@pytest.mark.parametrize("ending", ["rejected", "expired", WITH_WARNINGS])
@pytest.mark.parametrize("after", [None, Position(b"\x01" * 14), Position(b"\x01" * 14, "ads", 1)])
def test_rare_endings_are_found_by_an_index(
    folder: LedgerFolder, ending: str, after: Position | None
) -> None:
    fill_one_day(folder)
    wanted = Wanted(ending=ending, destination="ads", since=1.0, until=2e9)
    for statement in (listing(wanted, after), end_of_slice(wanted, after, 10)):
        plan = query_plan(folder, statement)
        assert "endings USING INDEX" in plan


def test_a_digest_is_found_by_its_key(folder: LedgerFolder) -> None:
    fill_one_day(folder)
    wanted = Wanted(digests=["ab" * 12], destination="ads")
    for statement in (listing(wanted, None), end_of_slice(wanted, None, 10)):
        plan = query_plan(folder, statement)
        assert "lookups USING PRIMARY KEY (hour=? AND digest=? AND receipt>? AND receipt<?)" in plan


def fill_one_day(folder: LedgerFolder) -> None:
    fill(folder, 10, 0.01, FILLED_UNTIL)


def query_plan(folder: LedgerFolder, statement: Any) -> str:
    reading = folder.to_read()
    with reading.open_day(reading.days()[-1]) as file:
        assert file is not None
        compiled = statement.compile(
            dialect=file.dialect, compile_kwargs={"render_postcompile": True}
        )
        values = tuple(compiled.params[name] for name in compiled.positiontup)
        rows = file.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        return "\n".join(row[3] for row in rows)
