"""Held events in the ledger: they are held, then end as the visitor answers."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.delivery.release import PageRelease
from gateway.delivery.unanswered import NO_ANSWER, end_unanswered
from gateway.event import Received, read_event
from gateway.ledger.answers import Story
from gateway.ledger.balance import daily_balances_of
from gateway.ledger.rows import TOO_MANY
from gateway.monitoring.numbers import read_numbers
from gateway.pipeline.compile import compile_pipeline
from gateway.queue.append import Retention
from gateway.queue.held_consent import read_page
from gateway.queue.receipts import day_name, day_number
from gateway.queue.snapshot import read_snapshot
from gateway.stages.held_consent import compile_page_digest
from tests.ledger.conftest import Open
from tests.support.keys import KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

SETTINGS = parse_settings(
    """
server: {hash_salt: a-salt-of-the-shop}
sources: {site: {type: collect}}
enrichment: []
consent: {default: {}, regions: [], hold: {seconds: 60, most_events: 2}}
destinations:
  ads: {type: webhook, url: "https://ads.example/", consent: [ad_storage]}
  books: {type: webhook, url: "https://books.example/", consent: []}
""",
    environment={},
)
PAGE = "p" * 32
digest = compile_page_digest("a-salt-of-the-shop")
decide = compile_pipeline(SETTINGS)


@pytest.fixture
def books(open_books: Open) -> Books:
    return open_books(retention=Retention.of(SETTINGS))


async def send(books: Books, event_id: str, at: float = 0.0, **fields: Any) -> None:
    raw = {"event_name": "page_view", "event_id": event_id, **fields}
    received = Received("site", at or time.time(), "8.8.8.8", "agent", page_token=PAGE)
    decision = decide(read_event(raw), received)
    release = PageRelease(books.redis, KEYS, books.appender, decide, digest, 60)
    if await books.appender.append([decision]):
        await release(PAGE, [decision])


async def story_of(books: Books, event_id: str) -> Story:
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text(event_id), 10)
    return story


def endings(story: Story) -> dict[str, str]:
    return {each.destination: each.ending for each in story.endings}


async def test_a_grant_releases_the_event_under_its_receipt(books: Books) -> None:
    await send(books, "view")
    held = await story_of(books, "view")
    assert endings(held) == {"ads": "held", "books": "pending"}
    await send(books, "answer", consent={"ad_storage": "granted"})
    entries = await books.read("ads")
    await books.settle("ads", entries, "delivered")
    released = await story_of(books, "view")
    assert released.receipt == held.receipt
    assert endings(released) == {"ads": "delivered", "books": "pending"}
    assert "ad_storage granted" in released.consent
    assert books.counts("ads") == {"accepted": 2, "delivered": 2}


async def test_a_denial_withholds_it(books: Books) -> None:
    await send(books, "view")
    await send(books, "answer", consent={"ad_storage": "denied"})
    story = await story_of(books, "view")
    assert endings(story) == {"ads": "withheld", "books": "pending"}
    assert books.counts("ads") == {"accepted": 2, "withheld": 2}


async def test_without_an_answer_it_is_withheld(books: Books) -> None:
    await send(books, "view")
    page = await read_page(books.redis, KEYS, digest(PAGE))
    assert await end_unanswered(page, books.appender, 60, time.time() + 61)
    story = await story_of(books, "view")
    (ads,) = [each for each in story.endings if each.destination == "ads"]
    assert (ads.ending, ads.stage, ads.reason) == ("withheld", "hold", NO_ANSWER)
    assert books.counts("ads") == {"accepted": 1, "withheld": 1}


async def test_one_too_many_of_a_page_is_withheld_at_once(books: Books) -> None:
    for number in range(3):
        await send(books, f"view-{number}")
    assert endings(await story_of(books, "view-1"))["ads"] == "held"
    story = await story_of(books, "view-2")
    (ads,) = [each for each in story.endings if each.destination == "ads"]
    assert (ads.ending, ads.reason) == ("withheld", TOO_MANY)
    assert books.counts("ads") == {"accepted": 3, "withheld": 1}


async def by_day(books: Books) -> dict[tuple[str, str], dict[str, int]]:
    """The counts in Redis by destination and day. Fails if the ledger's counts differ."""
    snapshot = await read_snapshot(books.feed)
    days = daily_balances_of(snapshot, books.reader.totals(snapshot.feed), Counter(), "")
    assert not any(each.problems for each in days)
    return {
        (each.destination, each.day): {name: n for name, n in each.redis.items() if n}
        for each in days
    }


async def test_held_events_count_on_the_day_on_which_they_came_in(books: Books) -> None:
    today = day_number(time.time())
    first, second = ((today - age) * 86_400 + 43_200.0 for age in (2, 1))
    await send(books, "first", first)
    await send(books, "second", second)
    await send(books, "third", second)
    await books.store()
    ads = [("ads", day_name(today - age)) for age in (2, 1)]
    found = await by_day(books)
    assert [found[each] for each in ads] == [{"accepted": 1}, {"accepted": 2, "withheld": 1}]
    page = await read_page(books.redis, KEYS, digest(PAGE))
    assert await end_unanswered(page, books.appender, 60, second + 1)
    found = await by_day(books)
    assert found[ads[0]] == {"accepted": 1, "withheld": 1}
    await send(books, "answer", consent={"ad_storage": "granted"})
    await books.settle("ads", await books.read("ads"), "delivered")
    found = await by_day(books)
    assert found[ads[1]] == {"accepted": 2, "withheld": 1, "delivered": 1}
    await books.store()
    assert await by_day(books) == found


async def test_it_is_counted_why_an_event_that_waited_is_withheld(books: Books) -> None:
    for number in range(3):
        await send(books, f"view-{number}")
    page = await read_page(books.redis, KEYS, digest(PAGE))
    assert await end_unanswered(page, books.appender, 60, time.time() + 61)
    await send(books, "again")
    await send(books, "answer", consent={"ad_storage": "denied"})
    numbers = (await read_numbers(books.redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.withheld == {
        ("hold", "too many held"): 1,
        ("hold", "no answer"): 2,
        ("consent", "ad_storage"): 2,
    }
    assert sum(numbers.withheld.values()) == numbers.counts["withheld"]
