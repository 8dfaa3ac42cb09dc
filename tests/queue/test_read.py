"""Read: every entry once, again only after its wait, and none that another drain holds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest
from redis.asyncio import Redis

from gateway.queue.entry import Entry, encode
from gateway.queue.keys import GROUP
from gateway.queue.read import Reader, ensure_group, seconds_to_work
from tests.support.events import decisions
from tests.support.keys import ADS
from tests.support.stopwatch import Stopwatch

pytestmark = pytest.mark.anyio

STREAM, PAUSE = ADS.stream, ADS.pause
NOBODY: Collection[bytes] = ()


def wait(deliveries: int, _: bytes) -> float:
    """Ten seconds after the first delivery, twenty after the second ..."""
    return 10.0 * deliveries


def wait_long(deliveries: int, _: bytes) -> float:
    return 10_000.0 * deliveries


@pytest.fixture(autouse=True)
async def group(redis: Redis) -> None:
    await ensure_group(redis, ADS)


def reader(redis: Redis, name: str = "one") -> Reader:
    return Reader(redis, ADS, name)


async def add(redis: Redis, count: int) -> None:
    for decision in decisions(count):
        await redis.xadd(STREAM, {"e": encode(decision, decision.event, ())})


async def age(redis: Redis, entries: Collection[Entry], seconds: float, consumer: str) -> None:
    """Gives `entries` to `consumer`, as if delivered `seconds` ago."""
    ids = [entry.id for entry in entries]
    await redis.xclaim(STREAM, GROUP, consumer, 0, ids, idle=int(seconds * 1000), justid=True)


async def pending(redis: Redis) -> dict[bytes, tuple[bytes, int]]:
    """The consumer and the deliveries of each pending entry."""
    rows = await redis.xpending_range(STREAM, GROUP, "-", "+", 100)
    return {row["message_id"]: (row["consumer"], row["times_delivered"]) for row in rows}


def names(entries: Collection[Entry]) -> list[str]:
    return [entry.event["event_id"] for entry in entries]


async def test_a_group_may_be_made_again_and_starts_at_the_first_entry(redis: Redis) -> None:
    await redis.delete(STREAM)
    await add(redis, 2)
    await ensure_group(redis, ADS)
    await ensure_group(redis, ADS)
    assert names((await reader(redis).new(10, None)).entries) == ["event-0", "event-1"]


async def test_new_entries_are_read_once_in_order(redis: Redis) -> None:
    await add(redis, 5)
    one, two = reader(redis, "one"), reader(redis, "two")
    read = [entry for each in (one, two, one) for entry in (await each.new(2, None)).entries]
    assert names(read) == [f"event-{number}" for number in range(5)]
    assert {entry.deliveries for entry in read} == {1}
    assert (await one.new(2, None)).entries == []


async def test_waiting_for_new_entries_ends_with_the_first(redis: Redis) -> None:
    waiting = asyncio.create_task(reader(redis).new(10, 60_000))
    await asyncio.sleep(0.05)
    await add(redis, 1)
    assert names((await asyncio.wait_for(waiting, 60)).entries) == ["event-0"]
    assert (await reader(redis).new(10, 10)).entries == []


async def test_a_pause_that_came_during_the_wait_is_seen(redis: Redis) -> None:
    one = reader(redis)
    waiting = asyncio.create_task(one.new(10, 60_000))
    await asyncio.sleep(0.05)
    await redis.set(PAUSE, "{}")
    await add(redis, 1)
    entries, paused = await asyncio.wait_for(waiting, 60)
    assert (names(entries), paused) == (["event-0"], True)
    await redis.delete(PAUSE)
    assert await one.new(10, 10) == ([], False)


async def test_an_entry_is_due_only_after_its_wait(redis: Redis) -> None:
    await add(redis, 2)
    entries = (await reader(redis).new(2, None)).entries
    await age(redis, entries[:1], 9_900, "one")
    assert await reader(redis, "two").due(wait_long, NOBODY, 10) == []
    await age(redis, entries[:1], 10_100, "one")
    (due,) = await reader(redis, "two").due(wait_long, NOBODY, 10)
    assert (due.event["event_id"], due.deliveries) == ("event-0", 2)
    assert await pending(redis) == {entries[0].id: (b"two", 2), entries[1].id: (b"one", 1)}


async def test_each_delivery_has_a_wait_of_its_own(redis: Redis) -> None:
    await add(redis, 2)
    first, second = (await reader(redis).new(2, None)).entries
    await age(redis, [first, second], 11, "one")
    (first, second) = await reader(redis).due(wait, NOBODY, 10)
    await redis.xclaim(STREAM, GROUP, "one", 0, [second.id], idle=15_000, retrycount=1)
    await age(redis, [first], 15, "one")
    assert names(await reader(redis).due(wait, NOBODY, 10)) == ["event-1"]


async def test_no_more_are_claimed_than_there_is_room_for(redis: Redis) -> None:
    await add(redis, 5)
    entries = (await reader(redis).new(5, None)).entries
    await age(redis, entries, 100, "one")
    await redis.xclaim(STREAM, GROUP, "one", 0, [entries[0].id], idle=100_000, retrycount=3)
    due = await reader(redis, "two").due(wait, NOBODY, 3)
    assert len(due) == 3
    assert sum(owner == b"two" for owner, _ in (await pending(redis)).values()) == 3
    again = await reader(redis, "two").due(wait, NOBODY, 3)
    assert sorted(names(due) + names(again)) == [f"event-{number}" for number in range(5)]


async def test_what_a_drain_at_work_holds_is_left_alone(redis: Redis) -> None:
    await add(redis, 2)
    held = (await reader(redis, "at work").new(1, None)).entries
    lost = (await reader(redis, "dead").new(1, None)).entries
    await age(redis, held, 100, "at work")
    await age(redis, lost, 100, "dead")
    assert names(await reader(redis).due(wait, {b"at work"}, 10)) == ["event-1"]


async def test_handing_back_spends_no_delivery(redis: Redis) -> None:
    await add(redis, 2)
    entries = (await reader(redis).new(2, None)).entries
    await reader(redis).hand_back(entries)
    assert set((await pending(redis)).values()) == {(b"one", 0)}
    again = await reader(redis, "two").due(wait, NOBODY, 10)
    assert [entry.deliveries for entry in again] == [1, 1]
    await age(redis, again, 11, "two")
    third = await reader(redis, "two").due(wait, NOBODY, 10)
    assert [entry.deliveries for entry in third] == [2, 2]
    await reader(redis, "two").hand_back(third)
    assert set((await pending(redis)).values()) == {(b"two", 1)}
    await reader(redis).hand_back([])


@pytest.mark.parametrize("handed_back", [False, True])
async def test_of_several_claimers_one_gets_each_entry(redis: Redis, handed_back: bool) -> None:
    await add(redis, 50)
    entries = (await reader(redis).new(50, None)).entries
    if handed_back:
        await reader(redis).hand_back(entries)
    else:
        await age(redis, entries, 100, "one")
    claimers = [reader(redis, f"claimer {number}") for number in range(8)]
    claimed = await asyncio.gather(*(claimer.due(wait, NOBODY, 20) for claimer in claimers))
    got = [entry.id for entries in claimed for entry in entries]
    assert len(got) == len(set(got)) >= 20


async def test_an_entry_that_was_settled_meanwhile_is_not_claimed(redis: Redis) -> None:
    await add(redis, 2)
    entries = (await reader(redis).new(2, None)).entries
    await age(redis, entries, 100, "one")
    await redis.xdel(STREAM, entries[0].id)
    await redis.xack(STREAM, GROUP, entries[0].id)
    assert names(await reader(redis, "two").due(wait, NOBODY, 10)) == ["event-1"]


async def test_an_entry_that_is_no_event_says_so_and_does_not_stop_the_others(
    redis: Redis,
) -> None:
    await redis.xadd(STREAM, {"e": b"not JSON"})
    await redis.xadd(STREAM, {"other": b"{}"})
    await add(redis, 1)
    *rubbish, event = (await reader(redis).new(10, None)).entries
    assert names([event]) == ["event-0"]
    assert not event.unreadable
    assert all(entry.unreadable for entry in rubbish)
    assert [entry.event for entry in rubbish] == [{"unreadable": "not JSON"}, {"unreadable": ""}]


@pytest.mark.parametrize(
    ("new", "held", "idle", "handed_back", "others", "expected"),
    [
        (0, 0, 0.0, False, [], None),
        (1, 0, 0.0, False, [], 0.0),
        (0, 2, 0.0, False, [], 10.0),
        (0, 2, 4.0, False, [], 6.0),
        (0, 2, 11.0, False, [], 0.0),
        (1, 2, 0.0, False, [], 0.0),
        (0, 2, 0.0, True, [], 0.0),
        (0, 2, 11.0, False, [b"one"], None),
        (1, 2, 11.0, False, [b"one"], 0.0),
    ],
)
async def test_seconds_to_work(
    redis: Redis,
    new: int,
    held: int,
    idle: float,
    handed_back: bool,
    others: list[bytes],
    expected: float | None,
) -> None:
    watch = Stopwatch()
    await add(redis, held)
    if held:
        entries = (await reader(redis).new(held, None)).entries
        if handed_back:
            await reader(redis).hand_back(entries)
        else:
            await age(redis, entries, idle, "one")
    await add(redis, new)
    seconds = await seconds_to_work(redis, ADS, wait, others)
    assert seconds == (watch.left(expected) if expected else expected)


async def test_a_new_entry_is_seen_behind_any_number_of_waiting_ones(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.read.MAX_PENDING", 3)
    await add(redis, 5)
    watch = Stopwatch()
    await reader(redis).new(5, None)
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == watch.left(10)
    await add(redis, 1)
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == 0


async def test_a_due_entry_is_seen_behind_any_number_of_waiting_ones(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.read.MAX_PENDING", 3)
    await add(redis, 5)
    entries = (await reader(redis).new(5, None)).entries
    await age(redis, entries[4:], 100, "one")
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == 0
    assert names(await reader(redis).due(wait, NOBODY, 10)) == ["event-4"]


async def test_of_many_waiting_entries_only_some_are_looked_at_each_time(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a drain with many retries would only look for entries that are due."""
    monkeypatch.setattr("gateway.queue.read.MAX_PENDING", 3)
    monkeypatch.setattr("gateway.queue.read.MAX_LOOKED_AT", 6)
    await add(redis, 40)
    entries = [
        each for name in ("b", "a") for each in (await reader(redis, name).new(20, None)).entries
    ]
    for place in (39, 19, 0, 30):
        await age(redis, [entries[place]], 100, "a" if place >= 20 else "b")
    one, found = reader(redis), []
    for _ in range(2 * 40 // 6):
        await redis.config_resetstat()
        found += names(await one.due(wait, NOBODY, 10))
        asked = (await redis.info("commandstats"))["cmdstat_xpending"]["calls"]
        assert asked <= 8  # all pages would be 14
    assert {*found} == {entries[place].event["event_id"] for place in (39, 19, 0, 30)}
    assert len(found) == 4


async def test_of_many_waiting_entries_only_some_are_asked_when_they_are_due(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.read.MAX_PENDING", 3)
    monkeypatch.setattr("gateway.queue.read.MAX_LOOKED_AT", 6)
    monkeypatch.setattr("gateway.queue.read.LOOK_AGAIN_SECONDS", 4.0)
    await add(redis, 40)
    entries = (await reader(redis).new(40, None)).entries
    await redis.config_resetstat()
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == 4, "others may be due sooner"
    assert (await redis.info("commandstats"))["cmdstat_xpending"]["calls"] <= 5
    watch = Stopwatch()
    await age(redis, entries[1:2], 8, "one")
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == watch.left(2)
    await age(redis, entries[1:2], 100, "one")
    assert await seconds_to_work(redis, ADS, wait, NOBODY) == 0


async def test_what_a_drain_has_no_room_for_comes_the_next_time(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.read.MAX_PENDING", 3)
    await add(redis, 10)
    entries = (await reader(redis, "dead").new(10, None)).entries
    await age(redis, entries, 100, "dead")
    one, held = reader(redis), set[bytes]()
    found = []
    for _ in range(10):
        due = await one.due(wait, NOBODY, 2, held)
        held |= {entry.id for entry in due}
        found += names(due)
    assert sorted(found) == sorted(f"event-{number}" for number in range(10))


async def test_entries_are_taken_by_id_however_long_they_were_to_wait(redis: Redis) -> None:
    await add(redis, 4)
    mine, held, other = (await reader(redis).new(3, None)).entries
    await age(redis, [held], 0, "at work")
    ids = [other.id, held.id, mine.id, b"1-1", b"9999999999999-0"]
    taken = await reader(redis, "two").take(ids, {b"at work"})
    assert names(taken) == [other.event["event_id"], mine.event["event_id"]]
    assert [entry.deliveries for entry in taken] == [2, 2]
    assert (await pending(redis))[held.id] == (b"at work", 1)
    assert await reader(redis).take([], NOBODY) == []
