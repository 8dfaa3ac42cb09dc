"""Search in pages: every match is found once, and each page takes a bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger import search as search_module
from gateway.ledger.answers import Listed, Wanted
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from gateway.ledger.search import Page, read_position, search
from tests.ledger.conftest import FILLED_UNTIL

DAY = 86_400.0


def pages(reader: LedgerReader, wanted: Wanted, limit: int, seconds: float = 1e9) -> Iterator[Page]:
    after = ""
    while True:
        page = search(reader, wanted, after, limit, seconds)
        yield page
        if not page.next:
            return
        assert page.next != after
        after = parse_qs(urlencode({"after": page.next}))["after"][0]


def key(each: Listed) -> tuple[str, str, int]:
    return each.receipt, each.ending.destination, each.ending.passage


WANTED: list[dict[str, Any]] = [
    {},
    {"destination": "meta"},
    {"ending": "rejected"},
    {"ending": WITH_WARNINGS, "destination": "meta"},
    {"reason": "TOKEN"},
    {"event_name": "purchase", "ending": "withheld"},
    {"since": FILLED_UNTIL - DAY, "until": FILLED_UNTIL - DAY / 2, "destination": "crm"},
    {"where": [("transaction_id", "T-3")]},
    {"where": [("value", "24.9")], "destination": "books"},
    {"source": "no such source"},
]


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize(("limit", "rows"), [(7, 5000), (1000, 90), (50, 333)])
def test_pages_have_every_ending_once(
    filled: LedgerReader,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
    limit: int,
    rows: int,
) -> None:
    monkeypatch.setattr(search_module, "SLICE", rows)
    told = [key(each) for each in filled.endings(Wanted(**wanted))]
    if not (limit == 7 and len(told) > 500):
        found = list(pages(filled, Wanted(**wanted), limit))
        assert [key(each) for page in found for each in page.found] == told
        assert all(len(page.found) == limit for page in found[:-1])
        assert all(page.looked_since is None for page in found)


@pytest.mark.parametrize("wanted", [WANTED[4], WANTED[7], WANTED[9]])
def test_a_page_that_takes_long_ends_early_and_says_where(
    filled: LedgerReader, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    monkeypatch.setattr(search_module, "SLICE", 500)
    found = list(pages(filled, Wanted(**wanted), 50, seconds=0))
    told = list(filled.endings(Wanted(**wanted)))
    assert [key(each) for page in found for each in page.found] == [key(each) for each in told]
    assert len(found) > 5
    for number, page in enumerate(found[:-1], 1):
        assert page.looked_since is not None
        so_far = [each for each in told if each.received_at >= page.looked_since]
        assert [each for of in found[:number] for each in of.found] == so_far


def test_a_page_looks_at_a_bounded_number_of_rows(
    filled: LedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "SLICE", 100)
    monkeypatch.setattr(search_module, "MAX_ROWS", 1000)
    page = search(filled, Wanted(source="none"), seconds=1e9)
    assert (page.found, page.looked_since is not None) == ([], True)


@pytest.mark.parametrize("rows", [1, 5000])
def test_an_id_is_combined_with_other_filters(
    filled: LedgerReader,
    filled_place: LedgerFolder | LedgerDatabase,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
) -> None:
    monkeypatch.setattr(search_module, "SLICE", rows)
    digests = EventDigests(filled_place.key()).of_text("T-4")
    found = [
        each
        for page in pages(filled, Wanted(digests=digests, destination="crm"), 1)
        for each in page.found
    ]
    assert [each.source for each in found] == ["shop", "site"]
    assert {each.ending.destination for each in found} == {"crm"}
    assert {(each.payload or {})["transaction_id"] for each in found} == {"T-4"}
    of_shop = Wanted(digests=digests, source="shop", destination="crm")
    assert list(filled.endings(of_shop)) == found[:1]


@pytest.mark.parametrize(
    "text",
    [
        *("x", ".", "0" * 27, "0" * 29, "G" * 28, "f" * 28, f"{'0' * 28}.1", f"{'0' * 28}..ads"),
        *(f"{'0' * 28}.-1.ads", f"{'0' * 28}.x.ads", f"{'0' * 28}.{'9' * 30}.ads", "0' OR 1=1 --"),
        f"{'0' * 28}.٣.ads",
    ],
)
def test_what_is_no_position_is_refused(filled: LedgerReader, text: str) -> None:
    with pytest.raises(ValueError, match=r"position|range"):
        search(filled, Wanted(), text)


def test_a_position_may_name_any_destination(filled: LedgerReader) -> None:
    text = f"{'0' * 28}.2.a.b'\"%\N{SNOWMAN}"
    assert read_position(text)[1:] == ("a.b'\"%\N{SNOWMAN}", 2)
    assert search(filled, Wanted(), text).found == []
