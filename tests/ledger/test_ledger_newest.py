"""The events and endings that are new since the last look."""

from __future__ import annotations

import time

import pytest

from gateway.ledger.newest import Newest
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

NAMES = ["ads", "books"]


async def test_each_look_gives_what_is_new(books: Books) -> None:
    await books.append(decide(make_event(1), NAMES))
    newest = Newest(time.time())
    await books.store()
    assert newest.look(books.reader, time.time()).received == []
    await books.append(decide(make_event(2), NAMES), decide(make_event(3), withhold=NAMES))
    await books.store()
    look = newest.look(books.reader, time.time())
    assert [each.name for each in look.received] == ["purchase", "purchase"]
    assert [(each.ending.destination, each.ending.ending) for each in look.ended] == [
        ("ads", "withheld"),
        ("books", "withheld"),
    ]
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    look = newest.look(books.reader, time.time())
    assert look.received == []
    assert [(each.ending.destination, each.ending.ending) for each in look.ended] == [
        ("ads", "delivered")
    ] * 2
    nothing = newest.look(books.reader, time.time())
    assert (nothing.received, nothing.ended, nothing.passed) == ([], [], 0)


async def test_a_look_is_bounded(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.ledger.newest.MAX_NEW", 3)
    newest = Newest(time.time())
    await books.append(*(decide(make_event(n), withhold=["ads"]) for n in range(8)))
    await books.store()
    look = newest.look(books.reader, time.time())
    assert (len(look.received), len(look.ended), look.passed) == (3, 3, 10)
