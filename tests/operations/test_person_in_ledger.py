"""A person in the ledger: the kind of an id is known, even for events from an earlier version."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.event import Event
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.sought import Kind
from gateway.operations import erasing
from gateway.operations.erasing import erase
from gateway.operations.person import Person
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import NO_RETENTION, Appender
from gateway.queue.feed import Feeding
from gateway.queue.pending_counts import PendingCounts
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

CONFIG = """
redis: {{data_dir: "{data}"}}
sources: {{site: {{type: collect}}}}
destinations: {{ads: {{type: webhook, url: "https://ads.example/"}}}}
"""
IDS = [{"user_id": "1001"}, {"transaction_id": "1001"}, {"event_id": "1001"}]


@pytest.fixture
def books(redis: Redis, tmp_path: Path) -> Iterator[Books]:
    opened = Books(redis, LedgerFolder(tmp_path / "ledger"))
    yield opened
    opened.writer.close()


def person(books: Books, data: Path, only: Kind | None) -> Person:
    settings = parse_settings(CONFIG.format(data=data))
    return Person(books.redis, settings, books.digests, books.digests.sought("1001", only))


def appender(books: Books, digests: Callable[[Event, object], list[str]]) -> Appender:
    """digests: as an earlier version made them."""
    feeding = Feeding(books.most, digests)
    return Appender(books.redis, KEYS, PendingCounts(), nobody, NO_RETENTION, feeding)


async def store(books: Books, is_earlier: bool) -> None:
    """Stores three events with the same id: as that of a user, of an order, and of an event."""
    if is_earlier:

        def digests(event: Event, _: object) -> list[str]:
            names = "event_id", "transaction_id", "client_id", "user_id"
            return [books.digests.name_of(event[name]) for name in names if name in event]

        books.appender = appender(books, digests)
    for number, ids in enumerate(IDS):
        await books.append(decide(make_event(number, event_name=f"e{number}") | ids, ["ads"]))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()


@pytest.mark.parametrize("is_earlier", [False, True])
@pytest.mark.parametrize(
    ("only", "found"), [(None, {0, 1, 2}), ("person", {0}), ("order", {1}), ("event", {2})]
)
async def test_the_kind_that_is_meant_is_found(
    books: Books, tmp_path: Path, is_earlier: bool, only: Kind | None, found: set[int]
) -> None:
    await store(books, is_earlier)
    chosen = person(books, tmp_path, only)
    first = await chosen.find()
    assert {int(story.name[-1]) for story in chosen.stories(first)} == found
    assert (len(first.all_receipts), first.delivered["ads"]) == (len(found), len(found))
    assert (first.is_ambiguous, first.unknown) == (only is None, 0)
    assert first.kinds.total() == len(found)


async def test_an_earlier_event_without_content_may_be_of_any_kind(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is erased rather than kept, and the report says so."""
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    books.appender = appender(books, lambda *_: [books.digests.name_of("1001")])
    event = make_event(0, transaction_id="1001")
    denied = {"ads": Verdict(None, "consent", "no consent")}
    await books.append(Decision(event, denied, (), "site", time.time(), "v"))
    await books.store()
    user = person(books, tmp_path, "person")
    found = await user.find()
    assert (len(found.all_receipts), found.unknown, found.is_ambiguous) == (1, 1, False)
    erased = await erase(user, found, embedded=False, note=lambda _: None)
    assert any("1 event of the ledger had this id" in line for line in erased.beyond_reach)
    assert (await user.find()).receipts == {}


@pytest.mark.parametrize("only", [None, "person"])
async def test_what_nothing_tells_the_kind_of_keeps_no_erasure_from_its_way(
    books: Books, tmp_path: Path, only: Kind | None
) -> None:
    """The ledger lacks the content of the event, and its destination the id."""
    feeding = Feeding(books.most, lambda *_: [books.digests.name_of("1001")], has_content=False)
    books.appender = Appender(books.redis, KEYS, PendingCounts(), nobody, NO_RETENTION, feeding)
    form = make_event(0)
    verdicts = {"ads": Verdict(form, "", "anonymised")}
    await books.append(Decision(form | {"user_id": "1001"}, verdicts, (), "site", time.time(), "v"))
    await books.store()
    found = await person(books, tmp_path, only).find()
    assert {place: number for place, number in found.counts() if number} == {
        "ledger": 1,
        "pending, ads": 1,
    }
    assert (found.unknown, found.is_ambiguous) == (1, False)
