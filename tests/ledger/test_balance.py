"""The balance: the ledger counts what Redis counts, from the moment at which it begins."""

from __future__ import annotations

import time

import pytest
from redis.asyncio import Redis

from gateway.ledger.balance import Balance, balances_of, dropped
from gateway.queue.feed import WITH_WARNINGS
from gateway.queue.snapshot import Snapshot, read_snapshot
from tests.ledger.conftest import Open
from tests.support.dead_letters import append, end
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DAY = 86_400


async def snapshot_of(books: Books) -> Snapshot:
    return await read_snapshot(books.redis, KEYS)


async def balance(books: Books) -> Balance:
    """Of `ads`, as an audit finds it."""
    snapshot = await snapshot_of(books)
    totals, baseline = books.reader.totals(snapshot.feed), books.reader.baseline(snapshot.feed)
    (made,) = balances_of(snapshot, totals, baseline)
    return made


async def send(books: Books, count: int) -> None:
    await books.append(*(decide(make_event(n), ["ads"]) for n in range(count)))


async def test_what_was_counted_before_the_ledger_began_is_its_baseline(
    redis: Redis, open_books: Open
) -> None:
    await append(redis, "ads", [make_event(n) for n in range(5)])
    await end(redis, "ads", count=5)
    books = open_books()
    await send(books, 2)  # before its first look
    await books.store()
    await send(books, 3)
    await books.settle("ads", await books.read("ads"), "delivered")
    found = await balance(books)
    assert (found.problems, found.redis["accepted"], found.unknown) == ([], 10, 0)
    await books.store()
    assert (await balance(books)).problems == []


async def test_an_event_that_was_pending_when_it_began_may_end_without_its_knowledge(
    redis: Redis, open_books: Open
) -> None:
    await append(redis, "ads", [make_event(n) for n in range(3)])
    books = open_books()
    await books.store()
    await end(redis, "ads", "rejected", count=1)
    await end(redis, "ads", count=2)
    found = await balance(books)
    assert (found.problems, found.unknown) == ([], 3)
    await append(redis, "ads", [make_event(9)])
    assert (await balance(books)).problems == [
        "accepted: Redis counts 4, the ledger 3",
        "delivered: Redis counts 2, the ledger 0",
        "rejected: Redis counts 1, the ledger 0",
    ]


async def test_what_is_stored_and_still_in_the_feed_counts_once(books: Books) -> None:
    await send(books, 1)
    await books.store()
    await send(books, 2)
    books.writer.store(await books.records())  # and dies before it takes them off
    await send(books, 1)
    assert (await balance(books)).problems == []


async def test_a_record_that_is_lost_is_noticed(books: Books) -> None:
    await send(books, 2)
    await books.store()
    await send(books, 1)
    await books.redis.delete(KEYS.feed)
    assert (await balance(books)).problems == ["accepted: Redis counts 3, the ledger 2"]


async def test_an_entry_that_is_lost_is_noticed(books: Books) -> None:
    await send(books, 2)
    await books.store()
    await books.redis.xtrim(ADS.stream, maxlen=1, approximate=False)
    assert (await balance(books)).problems == [
        "Redis counts 2 pending events, but 1 are in the stream or held"
    ]


async def test_a_dry_run_is_a_delivery(books: Books) -> None:
    await send(books, 1)
    entries = await books.read("ads")
    await books.settle("ads", entries, "dry run")
    await books.redis.hincrby(ADS.counts, "delivered", 1)  # as a drain with dry_run counts it
    await books.redis.hdel(ADS.counts, "dry run")
    await books.store()
    assert (await balance(books)).problems == []


async def test_days_that_are_removed_stay_in_the_balance(open_books: Open) -> None:
    books = open_books(keep_days=1, counts_keep_days=1)
    now = time.time()
    for age in (9, 0):
        old = decide(make_event(age), ["ads"])
        old.received_at = now - age * DAY
        await books.append(old)
    await books.store()
    books.writer.clean(now)
    books.writer.clean(now)
    assert books.counts("ads") == {"accepted": 1}  # its hour is forgotten
    await books.settle("ads", await books.read("ads"), "delivered")
    assert (await balance(books)).problems == []
    await books.store()
    assert (await balance(books)).problems == []


async def test_a_redis_without_its_data_begins_another_balance(books: Books) -> None:
    await send(books, 3)
    await books.store()
    await books.redis.flushall()
    await send(books, 1)
    books.writer.close()
    await books.store()
    await send(books, 1)
    found = await balance(books)
    assert (found.problems, found.redis["accepted"]) == ([], 2)


async def test_records_that_were_left_out_are_told(open_books: Open) -> None:
    books = open_books()
    await send(books, 1)
    await books.store()
    small = open_books(most=1)
    for _ in range(3):
        await send(small, 1)
    snapshot = await snapshot_of(books)
    left_out = dropped(snapshot, books.reader.baseline(snapshot.feed))
    assert left_out == 2
    assert (await balance(books)).problems == ["accepted: Redis counts 4, the ledger 2"]


async def test_what_was_delivered_with_warnings_is_a_delivery(books: Books) -> None:
    await send(books, 1)
    await books.settle("ads", await books.read("ads"), WITH_WARNINGS)
    await books.store()
    assert (await balance(books)).problems == []
