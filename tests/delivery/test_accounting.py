"""The endings that a drain causes are counted by day, and those withheld also by reason."""

from __future__ import annotations

import time

import pytest
from redis.asyncio import Redis

from destinations.base import Outcome, Request
from gateway.delivery.accounting import Accounting
from gateway.delivery.planning import Ended
from gateway.delivery.send import Attempt
from gateway.monitoring.numbers import read_numbers
from gateway.queue.append import Appender
from gateway.queue.entry import Entry
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.receipts import day_number
from gateway.queue.stored_events import StoreBounds
from gateway.queue.submitted import Tickets
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel

pytestmark = pytest.mark.anyio

YESTERDAY = day_number(time.time()) - 1


@pytest.fixture
def reader(redis: Redis) -> Reader:
    return Reader(redis, ADS, "drain")


@pytest.fixture
def accounting(redis: Redis, reader: Reader) -> Accounting:
    return Accounting(redis, ADS, Parcel(), reader, Tickets(redis, ADS, "drain"), StoreBounds())


@pytest.fixture
async def entries(redis: Redis, reader: Reader) -> list[Entry]:
    """Five entries that came in yesterday at noon, UTC."""
    await ensure_group(redis, ADS)
    made = [decide(make_event(number), ["ads"]) for number in range(5)]
    for decision in made:
        decision.received_at = YESTERDAY * 86_400 + 43_200.0
    await Appender(redis, KEYS, PendingCounts(), nobody).append(made)
    return (await reader.new(5, None)).entries


async def settle_all(accounting: Accounting, entries: list[Entry]) -> None:
    """Ends five entries, in every way in which a drain ends one."""
    now = time.time()
    request = Request("POST", "https://vendor.test/events", {}, b"", (0,))
    await accounting.settle(
        [
            Attempt(entries[:1], request, None, [Outcome("delivered")], now),
            Attempt(entries[1:2], request, None, [Outcome("rejected", "no")], now),
            Ended(entries[2], Outcome("expired", "too old"), now),
            Ended(entries[3], Outcome("rejected", "erased"), now, withheld=True),
        ]
    )
    await accounting.withhold(entries[4:], "the visitor withdrew consent")


async def test_each_ending_counts_on_the_day_on_which_its_event_came_in(
    redis: Redis, accounting: Accounting, entries: list[Entry]
) -> None:
    await settle_all(accounting, entries)
    counted = await redis.hgetall(ADS.day(YESTERDAY))  # type: ignore[misc]
    assert counted == {
        b"accepted": b"5",
        b"delivered": b"1",
        b"rejected": b"1",
        b"expired": b"1",
        b"withheld": b"2",
    }
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.withheld == {("delivery", "erased"): 1, ("delivery", "withdrawn"): 1}


async def test_each_ending_of_a_later_passage_is_counted_as_such(
    redis: Redis, accounting: Accounting, entries: list[Entry]
) -> None:
    await settle_all(accounting, [entry._replace(again=True) for entry in entries])
    counted = await redis.hgetall(ADS.day(YESTERDAY))  # type: ignore[misc]
    endings = {name: n for name, n in counted.items() if name != b"accepted"}
    assert endings == {
        b"delivered": b"1",
        b"rejected": b"1",
        b"expired": b"1",
        b"withheld": b"2",
        b"again:delivered": b"1",
        b"again:rejected": b"1",
        b"again:expired": b"1",
        b"again:withheld": b"2",
    }
