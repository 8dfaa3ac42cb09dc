"""The balance: from the moment the ledger begins, it counts what Redis counts."""

from __future__ import annotations

import time

import orjson
import pytest
from redis.asyncio import Redis

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger.balance import Balance, balances_of, daily_balances_of, dropped
from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.queue.receipts import day_name, day_number
from gateway.queue.snapshot import Snapshot, read_snapshot
from tests.ledger.conftest import Open
from tests.support.dead_letters import append, end
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DAY = 86_400
TODAY = day_number(time.time())


async def snapshot_of(books: Books) -> Snapshot:
    return await read_snapshot(books.feed)


async def balance(books: Books) -> Balance:
    """The balance of `ads`, as an audit finds it."""
    snapshot = await snapshot_of(books)
    totals, baseline = books.reader.totals(snapshot.feed), books.reader.baseline(snapshot.feed)
    (made,) = balances_of(snapshot, totals, baseline)
    return made


async def daily(books: Books, first: str = "") -> dict[str, Balance]:
    """The balances of `ads` by day."""
    snapshot = await snapshot_of(books)
    totals, baseline = books.reader.totals(snapshot.feed), books.reader.baseline(snapshot.feed)
    return {each.day: each for each in daily_balances_of(snapshot, totals, baseline, first)}


def day_of(days_ago: int) -> str:
    return day_name(TODAY - days_ago)


def aged(*days_ago: int) -> list[Decision]:
    """Decisions about events that came in at noon, one for each of `days_ago`."""
    made = [decide(make_event(number), ["ads"]) for number in range(len(days_ago))]
    for decision, age in zip(made, days_ago, strict=True):
        decision.received_at = (TODAY - age) * DAY + DAY / 2
    return made


async def send_aged(books: Books, *days_ago: int) -> None:
    await books.append(*aged(*days_ago))


def in_passage(found: Balance | None) -> tuple[dict[str, int], int]:
    """The counts of later passages, which Redis and the ledger agree on, and the pending events."""
    assert found is not None
    assert found.redis == found.ledger
    return {name: count for name, count in found.redis.items() if count}, found.pending


async def send(books: Books, count: int) -> None:
    await books.append(*(decide(make_event(n), ["ads"]) for n in range(count)))


async def test_what_was_counted_before_the_ledger_began_is_its_baseline(
    redis: Redis, open_books: Open
) -> None:
    await append(redis, "ads", [make_event(n) for n in range(5)])
    await end(redis, "ads", count=5)
    books = open_books()
    await send(books, 2)  # before the ledger first reads the feed
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
    await books.store_and_die()
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
    assert books.counts("ads") == {"accepted": 1}  # the counts of the old hour are removed
    await books.settle("ads", await books.read("ads"), "delivered")
    assert (await balance(books)).problems == []
    await books.store()
    assert (await balance(books)).problems == []


async def test_what_a_removed_day_had_stored_is_not_compared_again_with_the_feed(
    open_books: Open,
) -> None:
    """The records are still in the feed when the day is removed, as after a kill."""
    books = open_books(keep_days=1)
    await books.store()
    await send_aged(books, 9, 8, 0)
    await books.store_and_die()
    books.writer.clean(time.time())
    assert books.days() == [day_of(0)]
    for _ in range(2):
        found = await balance(books), *(await daily(books)).values()
        assert [each.problems for each in found] == [[]] * 4
        assert found[0].ledger["accepted"] == 3
        await books.store()


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
    assert not any(each.problems for each in (await daily(books)).values())


async def test_an_event_ends_on_the_day_on_which_it_came_in(books: Books) -> None:
    await send_aged(books, 0, 2, 2)
    await books.settle("ads", await books.read("ads"), "delivered")
    found = await daily(books)
    assert [*found] == [day_of(0), day_of(2)]
    assert [each.redis["delivered"] for each in found.values()] == [1, 2]
    assert not any(each.problems for each in found.values())
    await books.store()
    assert not any(each.problems for each in (await daily(books)).values())


async def test_a_difference_that_totals_hide_is_found_on_its_days(books: Books) -> None:
    await send_aged(books, 0, 1)
    await books.store()
    today, yesterday = ADS.day(TODAY), ADS.day(TODAY - 1)
    await books.redis.hincrby(today, "accepted", 1)
    await books.redis.hincrby(yesterday, "accepted", -1)
    assert (await balance(books)).problems == []
    found = await daily(books)
    assert found[day_of(0)].problems == ["accepted: Redis counts 2, the ledger 1"]
    assert found[day_of(1)].problems == ["accepted: Redis counts 0, the ledger 1"]


async def test_each_day_has_a_baseline(redis: Redis, open_books: Open) -> None:
    await ensure_group(redis, ADS)
    without_ledger = Appender(redis, KEYS, PendingCounts(), nobody)
    await without_ledger.append(aged(0, 0, 0, 0, 0))
    await end(redis, "ads", count=2)
    books = open_books()
    await send_aged(books, 0, 1)
    await books.store()
    await send_aged(books, 0, 1)
    found = await daily(books)
    assert not any(each.problems for each in found.values())
    assert (found[day_of(0)].redis["accepted"], found[day_of(0)].unknown) == (7, 3)


async def test_days_before_redis_counted_by_the_day_are_not_compared(books: Books) -> None:
    await send_aged(books, 0, 1)
    await books.store()
    tomorrow = TODAY + 1
    await books.redis.hset(ADS.counts, "days_from", tomorrow)
    assert await daily(books) == {}
    await send_aged(books, -1)
    assert [*await daily(books)] == [day_name(tomorrow)]
    await books.redis.hdel(ADS.counts, "days_from")
    assert await daily(books) == {}


async def test_a_day_that_the_ledger_has_removed_is_compared_by_its_hours(
    open_books: Open,
) -> None:
    books = open_books(keep_days=1)
    await send_aged(books, 0, 9)
    await books.store()
    books.writer.clean(time.time())
    assert books.days() == [day_of(0)]
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    found = await daily(books)
    assert found[day_of(9)].ledger["delivered"] == 1
    assert not any(each.problems for each in found.values())


async def test_a_day_of_which_counts_are_forgotten_is_not_compared(books: Books) -> None:
    await send_aged(books, 0, 3, 9)
    await books.store()
    assert [*await daily(books, day_of(3))] == [day_of(0), day_of(3)]


# later passages


async def replayed(books: Books, count: int) -> None:
    """Replays `count` events of today that were rejected."""
    await send_aged(books, *[0] * count)
    entries = await books.read("ads")
    await books.settle("ads", entries, "rejected")
    assert await books.replay("ads", entries) == count


async def test_what_was_sent_again_is_compared_by_itself(books: Books) -> None:
    await replayed(books, 3)
    await send_aged(books, 1)
    await books.settle("ads", (await books.read("ads"))[1:3], WITH_WARNINGS)
    for _ in ("in the feed", "stored"):
        found, days = await balance(books), await daily(books)
        assert found.problems == []
        assert in_passage(found.later) == ({"accepted": 3, "delivered": 2}, 1)
        assert in_passage(days[day_of(0)].later) == ({"accepted": 3, "delivered": 2}, 1)
        assert days[day_of(1)].later is None
        await books.store()


async def test_a_difference_that_the_passages_together_hide_is_found(books: Books) -> None:
    await replayed(books, 1)
    await books.store()
    await books.redis.hincrby(ADS.counts, "again:accepted", 1)
    found = await balance(books)
    assert found.problems == ["later passages: accepted: Redis counts 2, the ledger 1"]
    assert not any(each.problems for each in (await daily(books)).values())


async def test_later_passages_have_a_baseline(redis: Redis, open_books: Open) -> None:
    before = open_books()
    await replayed(before, 3)
    await before.settle("ads", (await before.read("ads"))[:1], "delivered")
    await redis.delete(KEYS.feed)  # there was no ledger then
    books = open_books()
    await books.store()
    found = await balance(books)
    assert found.problems == []
    assert in_passage(found.later) == ({"accepted": 3, "delivered": 1}, 2)
    assert found.later is not None
    assert (found.unknown, found.later.unknown) == (2, 2)


async def test_what_an_earlier_version_sent_again_is_in_no_later_passage(books: Books) -> None:
    await send_aged(books, 0)
    (entry,) = await books.read("ads")
    await books.settle("ads", [entry], "rejected")
    event, at = entry.event, entry.received_at
    origin = ["site", at, "version-1", [], "", False, "", "", f"{entry.receipt}/2"]
    await books.redis.xadd(ADS.stream, {"e": orjson.dumps({"event": event, "from": origin})})
    for counts in (ADS.counts, ADS.day(TODAY)):
        await books.redis.hincrby(counts, "accepted", 1)
    record = {"p": orjson.dumps({"destination": "ads"}), "a": f"{entry.receipt}/2"}
    await books.redis.xadd(KEYS.feed, record)
    for entries in ([], await books.read("ads")):
        await books.settle("ads", entries, "delivered")
        for _ in ("in the feed", "stored"):
            found, days = await balance(books), (await daily(books))[day_of(0)]
            assert (found.problems, found.later) == (days.problems, days.later) == ([], None)
            await books.store()
    assert (await balance(books)).redis["delivered"] == 1


async def test_statistics_count_an_event_that_was_sent_again_as_accepted_twice(
    books: Books,
) -> None:
    await replayed(books, 1)
    await books.store()
    assert books.counts("ads") == {"accepted": 2, "rejected": 1}
    now = time.time()
    today = books.reader.counts(now - 2 * DAY, now + DAY, "")
    assert {ending for _, _, ending in today} == {"accepted", "rejected"}


async def test_later_passages_of_a_day_that_is_removed_stay_in_the_balance(
    open_books: Open,
) -> None:
    books = open_books(keep_days=1)
    await send_aged(books, 9, 0)
    (old, _) = await books.read("ads")
    await books.settle("ads", [old], "delivered")
    await books.replay("ads", [old])
    await books.store()
    books.writer.clean(time.time())
    assert books.days() == [day_of(0)]
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    found, day = await balance(books), (await daily(books))[day_of(9)]
    assert (found.problems, day.problems) == ([], [])
    for later in (found.later, day.later):
        assert in_passage(later) == ({"accepted": 1, "delivered": 1}, 0)
