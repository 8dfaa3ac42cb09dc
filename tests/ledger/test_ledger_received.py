"""A received event is counted once, whatever its destinations; deliveries are counted by delay."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from math import inf

import pytest

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger.day_rows import NONE, RECEIVED, received_by
from gateway.ledger.delays import BUCKETS, bucket_of, quantile
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import DAY, HOUR, MINUTE, series
from gateway.queue.admission import Full
from gateway.queue.append import Retention
from gateway.queue.bounds import OPEN, Closed
from tests.ledger.conftest import FILLED_DAYS, FILLED_EVENTS, FILLED_UNTIL, Open
from tests.support.events import decide, make_event
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio


def received(books: Books, dimension: str = "", step: int = HOUR) -> dict[str, int]:
    """The number of received events by value of the dimension."""
    now = time.time()
    by = received_by(dimension) if dimension else ""
    made = series(books.reader, now - HOUR, now + HOUR, step, by, destination=NONE)
    assert {key[2:] for key in made.counts} <= {(NONE, RECEIVED)}
    found: Counter[str] = Counter()
    for key, number in made.counts.items():
        found[key[1]] += number
    return dict(found)


async def test_an_event_is_received_once_whatever_its_destinations(books: Books) -> None:
    await books.append(
        decide(make_event(0), ["ads", "books"]),
        decide(make_event(1, event_name="sign_up"), ["ads"], ["books"]),
        decide(make_event(2, event_name="sign_up"), withhold=["ads", "books"]),
        decide(make_event(3)),
    )
    entries = await books.read("ads")
    await books.settle("ads", entries, "rejected")
    await books.store()
    await books.replay("ads", entries)
    await books.store()
    assert received(books) == received(books, step=MINUTE) == {"": 4}
    assert received(books, "name") == {"purchase": 2, "sign_up": 2}
    assert received(books, "source") == {"site": 4}


async def test_one_that_comes_again_is_received_again(open_books: Open) -> None:
    books = open_books(retention=Retention(dedupe=600))
    await books.append(decide(make_event(0), ["ads"]))
    await books.append(decide(make_event(0), ["ads"]))
    await books.store()
    assert received(books) == {"": 2}


async def test_one_that_was_refused_in_part_is_received_once_it_is_taken(books: Books) -> None:
    request = [
        replace(decide(make_event(0), ["ads", "books"]), has_own_id=True),
        decide(make_event(1), ["books"]),
    ]
    books.appender.closed = Closed({"ads": "ads is full"})
    for _ in range(2):
        with pytest.raises(Full):
            await books.append(*request)
    await books.store()
    assert received(books) == {}
    books.appender.closed = OPEN
    await books.append(*request)
    await books.store()
    assert received(books) == {"": 2}


async def test_counts_are_those_of_destinations_alone(books: Books) -> None:
    await books.append(decide(make_event(0), ["ads"]))
    await books.store()
    for dimension in ("", "name"):
        counts = books.reader.counts(0, time.time() + 60, dimension)
        assert {key[1:] for key in counts} == {("ads", "accepted")}


async def test_a_delivery_is_counted_by_its_delay(books: Books) -> None:
    now = time.time()
    decisions = [decide(make_event(n), ["ads"]) for n in range(4)]
    for decision, seconds in zip(decisions, (400, 4_000, 400, 400), strict=True):
        decision.received_at = now - seconds
    await books.append(*decisions)
    entries = await books.read("ads")
    entries.sort(key=lambda entry: str(entry.event["event_id"]))  # each day has its own batch
    for entry, result in zip(
        entries, ("delivered", WITH_WARNINGS, "rejected", "delivered"), strict=True
    ):
        await books.settle("ads", [entry], result)
    await books.replay("ads", entries[:1])
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    counts = books.reader.counts(now - DAY, now + DAY, "delay")
    assert counts == {
        ("up to 1 h", "ads", "delivered"): 2,
        ("up to 1 d", "ads", WITH_WARNINGS): 1,
    }


def test_each_hour_has_the_delays_of_its_deliveries(filled: LedgerReader) -> None:
    since = FILLED_UNTIL - FILLED_DAYS * DAY
    whole = series(filled, since, FILLED_UNTIL, HOUR)
    made = series(filled, since, FILLED_UNTIL, HOUR, "delay")
    told: Counter[tuple[int, str, str]] = Counter()
    for (bucket, _, destination, ending), number in made.counts.items():
        told[bucket, destination, ending] += number
    assert told == {
        (bucket, destination, ending): number
        for (bucket, _, destination, ending), number in whole.counts.items()
        if ending in ("delivered", WITH_WARNINGS)
    }
    assert len(made.values) > 3
    assert sum(n for key, n in whole.counts.items() if key[2] == NONE) == FILLED_EVENTS


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (-3.0, "up to 1 s"),
        (0.0, "up to 1 s"),
        (1.0, "up to 1 s"),
        (1.1, "up to 5 s"),
        (30.0, "up to 30 s"),
        (299.0, "up to 5 min"),
        (3600.0, "up to 1 h"),
        (86_400.0, "up to 1 d"),
        (86_400.1, "more"),
        (inf, "more"),
    ],
)
def test_a_delay_has_a_bucket(seconds: float, bucket: str) -> None:
    assert bucket_of(seconds) == bucket


@pytest.mark.parametrize(
    ("numbers", "median", "p95"),
    [
        ({}, None, None),
        ({"up to 1 s": 1}, 1, 1),
        ({"up to 1 s": 95, "more": 5}, 1, 1),
        ({"up to 1 s": 50, "up to 1 h": 44, "more": 6}, 1, inf),
        ({"up to 5 s": 49, "up to 30 s": 51}, 30, 30),
        ({"(other)": 100, "up to 5 min": 1}, 300, 300),
    ],
)
def test_quantiles_are_read_off_the_buckets(
    numbers: dict[str, int], median: float | None, p95: float | None
) -> None:
    assert (quantile(numbers, 0.5), quantile(numbers, 0.95)) == (median, p95)
    assert set(numbers) <= {*BUCKETS, "(other)"}
