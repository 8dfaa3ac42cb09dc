"""A vendor's words about an event are hidden from users who may not see its visitor, and a search
reveals no more than is shown."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from redis.asyncio import Redis
from starlette.datastructures import ImmutableMultiDict

from gateway.configuration.ledger import Payload
from gateway.console.event_rows import row_of_story
from gateway.console.filters import read_filters
from gateway.console.pages import destinations, search
from gateway.console.period import Period
from gateway.console.personal import QUOTES_PERSON, UNCHECKED
from gateway.ledger.folder import LedgerFolder
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

ADA = {"client_id": "77.88991", "user_data": {"email_address": "ada@example.com"}}
REASONS = [
    "no such person: ada@example.com",
    "HTTP 400: client 77.88991 is unknown" + " to this account" * 10,
    "no such order: T-1",
    "write to bob@example.com",
]


@pytest.fixture
def payload() -> Payload:
    return "full"


@pytest.fixture
async def books(redis: Redis, tmp_path: Path, payload: Payload) -> Books:
    """A ledger of Ada's events, each rejected or retried for one of `REASONS`."""
    books = Books(redis, LedgerFolder(tmp_path / "ledger"), payload=payload)
    await books.append(*(decide({**make_event(n), **ADA}, ["crm"]) for n in range(8)))
    for number, entry in enumerate(await books.read("crm")):
        result = "rejected" if number < 4 else "retry"
        await books.settle("crm", [entry], result, REASONS[number % 4])
    await books.store()
    return books


async def test_the_errors_of_a_destination(books: Books) -> None:
    now = time.time()
    period = Period("1h", now - 3600, now + 1, 60)
    found = destinations._numbers("crm", period, books.reader)["errors"]
    assert {(each["ending"], each["reason"]): each["number"] for each in found} == {
        ("rejected", QUOTES_PERSON): 2,
        ("rejected", "no such order: T-1"): 1,
        ("rejected", "write to [email]"): 1,
        ("retry", QUOTES_PERSON): 2,
        ("retry", "no such order: T-1"): 1,
        ("retry", "write to [email]"): 1,
    }


@pytest.mark.parametrize("payload", ["redacted", "none"])
async def test_of_events_that_are_not_kept_whole_no_vendor_is_quoted(books: Books) -> None:
    now = time.time()
    period = Period("1h", now - 3600, now + 1, 60)
    found = destinations._numbers("crm", period, books.reader)["errors"]
    told = {(each["ending"], each["reason"], each["number"]) for each in found}
    assert told == {("rejected", UNCHECKED, 4), ("retry", UNCHECKED, 4)}
    for reason, number in (("ada@", 0), ("no such", 0), ("identifies", 0), ("hidden", 0)):
        filters = read_filters(ImmutableMultiDict([("reason", reason)]))
        assert len(search._search(books.reader, filters, False).rows) == number
    stories = [books.reader.story(each["newest"]) for each in found]
    endings = [ending for story in stories if story for ending in row_of_story(story).endings]
    [rejected] = [each for each in endings if not each.attempts]
    [pending] = [each for each in endings if each.attempts]
    assert rejected.reason == pending.attempts[0].reason == UNCHECKED


@pytest.mark.parametrize(
    ("reason", "all_found", "told"),
    [
        ("ada@example.com", 1, 0),
        ("ADA", 1, 0),
        ("77.", 1, 0),
        ("t", 3, 2),
        ("visitor", 0, 0),
        ("no such order", 1, 1),
        ("carl", 0, 0),
    ],
)
async def test_a_search_by_reason(books: Books, reason: str, all_found: int, told: int) -> None:
    filters = read_filters(ImmutableMultiDict([("reason", reason), ("ending", "rejected")]))
    for tells_all, number in ((True, all_found), (False, told)):
        page = search._search(books.reader, filters, tells_all)
        assert len(page.rows) == number
        assert page.next == ""


@pytest.mark.parametrize(
    ("where", "all_found", "told"),
    [
        ("page_location=https://s.example/a?email=ada%40example.com", 1, 0),
        ("page_location=https://s.example/a", 1, 1),
        ("page_referrer=https://s.example/b#ada", 1, 0),
        ("page_title=Orders of ada@example.com", 1, 0),
        ("page_title=Orders", 1, 1),
        ("items.0.item_name=For ada@example.com", 1, 0),
        ("items.0.item_name=Shoe", 1, 1),
        ('value={"of":"Ada"}', 1, 0),
        ("currency=EUR", 2, 2),
        ("currency=USD", 0, 0),
    ],
)
async def test_a_search_by_a_field(
    redis: Redis, tmp_path: Path, where: str, all_found: int, told: int
) -> None:
    books = Books(redis, LedgerFolder(tmp_path / "ledger"))
    hidden = {
        "page_location": "https://s.example/a?email=ada%40example.com",
        "page_referrer": "https://s.example/b#ada",
        "page_title": "Orders of ada@example.com",
        "items": [{"item_name": "For ada@example.com"}],
        "value": {"of": "Ada"},
    }
    shown = {
        "page_location": "https://s.example/a",
        "page_title": "Orders",
        "items": [{"item_name": "Shoe"}],
    }
    events = [make_event(1, **ADA, currency="EUR", **fields) for fields in (hidden, shown)]
    await books.append(*(decide(event, ["crm"]) for event in events))
    await books.settle("crm", await books.read("crm"), "delivered")
    await books.store()
    filters = read_filters(ImmutableMultiDict([("where", where)]))
    for tells_all, number in ((True, all_found), (False, told)):
        assert len(search._search(books.reader, filters, tells_all).rows) == number


async def test_no_further_page_tells_what_is_hidden(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 1)
    filters = read_filters(ImmutableMultiDict([("reason", "t"), ("ending", "rejected")]))
    assert search._search(books.reader, filters, True).next
    pages = [search._search(books.reader, filters, False)]
    while pages[-1].next:
        query = [("reason", "t"), ("ending", "rejected"), ("after", pages[-1].next)]
        pages.append(search._search(books.reader, read_filters(ImmutableMultiDict(query)), False))
    assert [len(page.rows) for page in pages if page.rows] == [1, 1]
