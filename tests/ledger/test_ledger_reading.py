"""Queries of the ledger: lists with filters, page by page, and counts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger import queries as queries_module
from gateway.ledger import reading as reading_module
from gateway.ledger.answers import Wanted
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

NOW = time.time()


@pytest.fixture
async def filled(books: Books) -> Books:
    """Five events that came in now and one of three days ago, each for two destinations."""
    fields: list[dict[str, Any]] = [
        {"value": 5, "user_data": {"city": "Berlin"}},
        {"value": 7.5, "subscribed": True},
        {"event_name": "page_view"},
        {"page_title": "50% off; DROP TABLE events"},
        {"event_name": "sign_up"},
    ]
    made = [decide({**make_event(n), **each}, ["ads", "books"]) for n, each in enumerate(fields)]
    old = decide(make_event(9), withhold=["ads", "books"])
    old.received_at = NOW - 3 * 86_400
    await books.append(*made, old)
    results = ["delivered", "rejected", "rejected", "expired", WITH_WARNINGS]
    for name in ("ads", "books"):
        for entry, result in zip(await books.read(name), results, strict=True):
            words = {
                "rejected": f"HTTP 400: no {name}",
                WITH_WARNINGS: "v25.0 ends",
                "expired": "Überfällig",
            }.get(result, "")
            await books.settle(name, [entry], result, words)
    await books.store()
    return books


def found(books: Books, **wanted: Any) -> list[tuple[str, str]]:
    """The receipt and the destination of each ending that matches."""
    listed = books.reader.endings(Wanted(**wanted))
    return [(each.receipt, each.ending.destination) for each in listed]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 12),
        ({"destination": "ads"}, 6),
        ({"ending": "rejected"}, 4),
        ({"ending": "expired", "destination": "books"}, 1),
        ({"ending": "withheld"}, 2),
        ({"ending": "delivered"}, 2),
        ({"ending": WITH_WARNINGS}, 2),
        ({"ending": WITH_WARNINGS, "reason": "V25"}, 2),
        ({"ending": "pending"}, 0),
        ({"reason": "NO ADS"}, 2),
        ({"reason": "no%"}, 0),
        ({"reason": "Überfällig"}, 2),
        ({"reason": "ÜBERF"}, 2),
        ({"event_name": "page_view"}, 2),
        ({"source": "site"}, 12),
        ({"source": "shop"}, 0),
        ({"since": NOW - 86_400}, 10),
        ({"until": NOW - 86_400}, 2),
        ({"until": 253_402_343_999.0}, 12),  # in the year 10000
        ({"since": 253_402_343_999.0}, 0),
        ({"since": NOW - 4 * 86_400, "until": NOW - 2 * 86_400}, 2),
        ({"where": [("value", "5")]}, 2),
        ({"where": [("value", "7.5")]}, 2),
        ({"where": [("user_data.city", "Berlin")]}, 2),
        ({"where": [("user_data.city", "Berlin"), ("value", "6")]}, 0),
        ({"where": [("page_title", "50% off; DROP TABLE events")]}, 2),
        ({"where": [('no" OR 1=1 --', "1")]}, 0),
        ({"where": [("event_id", "event-9")]}, 0),  # withheld everywhere, so without content
    ],
)
async def test_filters(filled: Books, wanted: dict[str, Any], count: int) -> None:
    assert len(found(filled, **wanted)) == count


@pytest.mark.parametrize("page", [1, 2, 3, 4, 100])
async def test_every_ending_is_listed_once_whatever_the_page(
    filled: Books, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    everything = [each.ending for each in filled.reader.endings(Wanted())]
    for module in (queries_module, reading_module):
        monkeypatch.setattr(module, "PAGE", page)
    in_pages = list(filled.reader.endings(Wanted()))
    assert [each.ending for each in in_pages] == everything
    receipts = [each.receipt for each in in_pages]
    assert receipts == sorted(receipts, reverse=True)


@pytest.mark.parametrize(
    ("dimension", "key", "count"),
    [
        ("", "", 5),
        ("name", "purchase", 3),
        ("name", "page_view", 1),
        ("source", "site", 5),
        ("consent", "ads unset, analytics unset", 5),
    ],
)
async def test_counts_by_a_dimension(filled: Books, dimension: str, key: str, count: int) -> None:
    counts = filled.reader.counts(NOW - 3600, time.time() + 60, dimension)
    assert counts[key, "ads", "accepted"] == count
    ended = sum(
        number
        for (value, name, ending), number in counts.items()
        if (value, name) == (key, "ads") and ending != "accepted"
    )
    assert ended == count


async def test_counts_by_reason_name_what_was_withheld_and_how_it_was_rejected(
    filled: Books,
) -> None:
    counts = filled.reader.counts(0, time.time() + 60, "reason")
    assert counts["does not concern it", "ads", "withheld"] == 1
    assert counts["HTTP 400", "books", "rejected"] == 2


async def test_a_story_is_found_by_its_receipt(filled: Books) -> None:
    (listed, *_) = filled.reader.endings(Wanted(event_name="page_view"))
    story = filled.reader.story(listed.receipt)
    assert story is not None
    assert (story.name, story.receipt) == ("page_view", listed.receipt)
    assert filled.reader.story("0" * 28) is None


async def test_a_day_that_is_removed_while_it_is_read_is_passed_over(filled: Books) -> None:
    listed = filled.reader.endings(Wanted())
    next(listed)
    filled.writer.clean(time.time() + 30 * 86_400)
    assert len(list(listed)) < 10


async def test_one_event_is_read_as_each_destination_has_it(filled: Books) -> None:
    (listed,) = filled.reader.endings(Wanted(destination="ads", ending="expired"))
    recorded = filled.reader.recorded_event(listed.receipt, ["ads", "books", "new"])
    endings = {name: (each.ending, each.passage) for name, each in recorded.items()}
    assert endings == {"ads": ("expired", 1), "books": ("expired", 1), "new": ("missing", 0)}
    assert recorded["ads"].event == recorded["new"].event == listed.payload
    assert filled.reader.recorded_event("0" * 28, ["ads"]) == {}


CONTENT = {
    "yes": True,
    "no": False,
    "none": None,
    "whole": 5,
    "amount": 19.9,
    "rounded": 20.0,
    "tiny": 1e-07,
    "large": 12345678901234567890,
    "long": 0.30000000000000004,
    "code": "007",
    "word": "true",
    "empty": "",
    "user_data": {"city": "Köln", "new": True},
    "items": [{"item_id": "mug", "quantity": 2}, {"item_id": "cup"}],
}


@pytest.mark.parametrize(
    ("field", "found", "not_found"),
    [
        ("yes", ["true"], ["1", "True", "1.0", ""]),
        ("no", ["false"], ["0", "false ", ""]),
        ("none", [], ["", "null", "None", "0"]),
        ("missing", [], ["", "null", "0"]),
        ("whole", ["5", "5.0", "5.00", "05"], ["5.1", "five", "0_5", "٥"]),
        ("amount", ["19.9", "19.90", "1.99e1"], ["19.91", "20"]),
        ("rounded", ["20.0", "20", "2e1"], ["200"]),
        ("tiny", ["1e-07", "0.0000001"], ["0"]),
        ("large", ["12345678901234567890", "12345678901234567890.0"], ["12345678901234567000"]),
        ("long", ["0.30000000000000004"], ["0.3"]),
        ("code", ["007"], ["7", "7.0"]),
        ("word", ["true"], ["1"]),
        ("empty", [""], ["null"]),
        ("user_data.city", ["Köln"], ["köln"]),
        ("user_data.new", ["true"], ["1"]),
        ("user_data", ['{"city":"Köln","new":true}'], ["{}"]),
        ("items.0.item_id", ["mug"], ["cup"]),
        ("items.1.item_id", ["cup"], ["mug"]),
        ("items.0.quantity", ["2", "2.0"], ["1"]),
        ("items.x", [], ["", "mug"]),
        ("items.٣", [], ["mug"]),
        ("", [], ["", "mug"]),
        ("nan", [], ["nan", "inf", "-inf"]),
    ],
)
async def test_a_field_is_found_by_its_value(
    books: Books, field: str, found: list[str], not_found: list[str]
) -> None:
    await books.append(decide({**make_event(0), **CONTENT}, withhold=["ads"], send=["books"]))
    await books.store()

    def count(value: str) -> int:
        return len(list(books.reader.endings(Wanted(where=[(field, value)]))))

    assert {value: count(value) for value in found} == dict.fromkeys(found, 1)
    assert {value: count(value) for value in not_found} == dict.fromkeys(not_found, 0)
