"""The counts of a destination, by the day on which events came in and by the reason."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from gateway.monitoring.numbers import read_numbers
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.counting import AGAIN, DAYS_KEPT, UNKNOWN, reason_of, withheld_of
from gateway.queue.entry import Entry, encode_entry
from gateway.queue.feed import Feeding
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.receipts import day_name, day_number, day_of, new_receipt
from gateway.queue.replay import Replay, put_back
from gateway.queue.settle import Ending, Settler
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio

DAY = 86_400
TODAY = day_number(time.time())


def came_in(number: int, days_ago: int, sent: bool = True) -> Decision:
    """A decision about an event that came in at noon, far from any other day."""
    names = (["ads"], []) if sent else ([], ["ads"])
    decision = decide(make_event(number), *names)
    decision.received_at = (TODAY - days_ago) * DAY + DAY / 2
    return decision


def stopped(number: int, label: str) -> Decision:
    verdicts = {"ads": Verdict(None, "rules", "in words", label=label)}
    return Decision(make_event(number), verdicts, (), "site", time.time(), "version-1")


async def append(redis: Redis, *decisions: Decision, dedupe: int = 0) -> None:
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(dedupe=dedupe))
    await appender.append([*decisions])


async def read(redis: Redis) -> list[Entry]:
    await ensure_group(redis, ADS)
    return (await Reader(redis, ADS, "drain").new(100, None)).entries


async def settle(redis: Redis, entries: list[Entry], result: str, reason: str = "") -> None:
    endings = [
        Ending(entry.id, result, b"", True, entry.size, entry.received_at, reason, entry.again)
        for entry in entries
    ]
    await Settler(redis, ADS, PendingCounts()).settle(endings)


async def counted(redis: Redis, days_ago: int) -> dict[str, int]:
    found = await redis.hgetall(ADS.day(TODAY - days_ago))  # type: ignore[misc]
    return {name.decode(): int(count) for name, count in found.items()}


async def reasons(redis: Redis) -> dict[tuple[str, str], int]:
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert sum(numbers.withheld.values()) == numbers.counts.get("withheld", 0)
    return dict(numbers.withheld)


# by the day


@pytest.mark.parametrize("at", [0.0, 86_399.9996, 86_400.0, 1_800_000_000.123, 1_795_996_799.9999])
def test_the_day_is_that_of_the_receipt(at: float) -> None:
    assert day_name(day_number(at)) == day_of(new_receipt(at))


@pytest.mark.parametrize("at", [-1.0, 1e300, float("inf"), float("nan"), 10**30])
def test_a_time_that_cannot_be_is_of_no_day(at: float) -> None:
    assert day_number(at) == 0


async def test_events_of_several_days_count_on_their_own(redis: Redis) -> None:
    await append(redis, came_in(0, 0), came_in(1, 3), came_in(2, 3, sent=False), came_in(3, 3))
    assert await counted(redis, 0) == {"accepted": 1}
    assert await counted(redis, 3) == {"accepted": 3, "withheld": 1}
    await settle(redis, await read(redis), "delivered")
    assert await counted(redis, 0) == {"accepted": 1, "delivered": 1}
    assert await counted(redis, 3) == {"accepted": 3, "withheld": 1, "delivered": 2}


async def test_a_repetition_counts_on_the_day_on_which_it_comes(redis: Redis) -> None:
    await append(redis, came_in(0, 1), dedupe=600)
    await append(redis, came_in(0, 0), dedupe=600)
    assert await counted(redis, 1) == {"accepted": 1}
    assert await counted(redis, 0) == {"repeated": 1}


async def test_a_replay_is_accepted_again_on_the_day_of_its_event(redis: Redis) -> None:
    await append(redis, came_in(0, 2))
    (entry,) = await read(redis)
    await settle(redis, [entry], "rejected")
    data = AppendBatch([came_in(0, 2)]).payloads[0]
    await put_back(redis, ADS, [Replay(data, entry.received_at)])
    await settle(redis, await read(redis), "delivered")
    assert await counted(redis, 2) == {"accepted": 2, "rejected": 1, "delivered": 1}


async def test_counts_of_a_day_are_kept_for_a_while_and_no_longer(redis: Redis) -> None:
    await append(redis, came_in(0, 0), came_in(1, DAYS_KEPT - 1), came_in(2, DAYS_KEPT + 2))
    for days_ago in (0, DAYS_KEPT - 1):
        key = ADS.day(TODAY - days_ago)
        assert await redis.expiretime(key) == (TODAY - days_ago + DAYS_KEPT + 1) * DAY
    assert await counted(redis, DAYS_KEPT + 2) == {}
    await settle(redis, await read(redis), "delivered")
    assert await counted(redis, DAYS_KEPT + 2) == {}
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert (numbers.counts["accepted"], numbers.counts["delivered"]) == (3, 3)


async def test_all_days_of_a_new_destination_are_whole(redis: Redis) -> None:
    await append(redis, came_in(0, 0))
    assert await redis.hget(ADS.counts, "days_from") == b"0"  # type: ignore[misc]
    await append(redis, came_in(1, 0), came_in(2, 1))
    assert await redis.hget(ADS.counts, "days_from") == b"0"  # type: ignore[misc]


async def test_days_are_whole_from_the_day_after_an_earlier_version(redis: Redis) -> None:
    await redis.hset(ADS.counts, "accepted", 5)  # type: ignore[misc]
    before = (await redis.time())[0] // DAY
    await append(redis, came_in(0, 1))
    after = (await redis.time())[0] // DAY
    days_from = int(await redis.hget(ADS.counts, "days_from"))  # type: ignore[misc, arg-type]
    assert before + 1 <= days_from <= after + 1


# by the passage


async def test_a_replay_and_how_it_ends_count_in_a_later_passage_too(redis: Redis) -> None:
    at = came_in(0, 2).received_at
    receipt = new_receipt(at)
    entry = encode_entry(make_event(0), "site", at, "v", [], [], True, [], "", receipt, 2)
    again = Replay(entry, at, "", receipt, 2)
    assert await put_back(redis, ADS, [again, again]) == 1
    await append(redis, came_in(1, 2))
    assert await counted(redis, 2) == {"accepted": 2, "again:accepted": 1}
    await settle(redis, await read(redis), "warned")
    assert await counted(redis, 2) == {
        "accepted": 2,
        "again:accepted": 1,
        "delivered": 2,
        "again:delivered": 1,
        "warned": 2,
    }


async def test_a_release_from_quarantine_counts_in_a_later_passage_too(redis: Redis) -> None:
    feeding = Feeding(1_000_000, lambda *_: [])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(dedupe=600), feeding)
    first = [came_in(0, 1), came_in(1, 1, sent=False)]
    await appender.append(first)
    await appender.append([replace(each, passage=2) for each in [*first, came_in(2, 1)]])
    assert await counted(redis, 1) == {
        "accepted": 4,
        "again:accepted": 2,
        "withheld": 2,
        "again:withheld": 1,
        "repeated": 1,
        "again:repeated": 1,
    }


async def test_without_a_receipt_an_event_is_in_no_later_passage(redis: Redis) -> None:
    await append(redis, replace(came_in(0, 0), passage=2))
    entry = encode_entry(make_event(1), "site", time.time(), "v", [], [], True, passage=2)
    await put_back(redis, ADS, [Replay(entry, time.time(), passage=2)])
    await settle(redis, await read(redis), "delivered")
    found = await redis.hgetall(ADS.counts)  # type: ignore[misc]
    assert found[b"delivered"] == b"2"
    assert not any(name.startswith(AGAIN.encode()) for name in found)


async def test_operators_do_not_see_later_passages_among_the_counts(redis: Redis) -> None:
    await redis.hset(ADS.counts, mapping={"accepted": 2, "again:accepted": 1})  # type: ignore[misc]
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.counts == {"accepted": 2}


# by the reason


async def test_withheld_events_are_counted_by_the_reason(redis: Redis) -> None:
    await append(redis, stopped(0, "no tests"), stopped(1, "no tests"), stopped(2, "a: b"))
    await append(redis, came_in(3, 0))
    await settle(redis, await read(redis), "withheld", reason_of("delivery", "withdrawn"))
    assert await reasons(redis) == {
        ("rules", "no tests"): 2,
        ("rules", "a: b"): 1,
        ("delivery", "withdrawn"): 1,
    }


async def test_what_is_settled_twice_has_one_reason(redis: Redis) -> None:
    await append(redis, came_in(0, 0), came_in(1, 0))
    entries = await read(redis)
    await settle(redis, entries[:1], "delivered")
    for _ in range(2):
        await settle(redis, entries, "withheld", reason_of("delivery", "erased"))
    assert await reasons(redis) == {("delivery", "erased"): 1}


async def test_reasons_are_bounded(redis: Redis) -> None:
    for first in (0, 60, 120):
        await append(redis, *(stopped(n, f"rule {n}") for n in range(first, first + 60)))
        await append(redis, stopped(first, "rule 0"))
    found = Counter(await reasons(redis))
    assert len(found) == 101
    assert (found["", "(other)"], found["rules", "rule 0"], found.total()) == (80, 4, 183)
    fields = await redis.hkeys(ADS.counts)  # type: ignore[misc]
    assert sum(field.startswith(b"withheld:") for field in fields) == 101


async def test_what_an_earlier_version_withheld_has_an_unknown_reason(redis: Redis) -> None:
    await redis.hset(ADS.counts, mapping={"accepted": 5, "withheld": 5})  # type: ignore[misc]
    await append(redis, stopped(0, "no tests"))
    assert await reasons(redis) == {("rules", "no tests"): 1, ("", UNKNOWN): 5}


def test_what_an_earlier_version_spooled_is_counted_by_how_many_it_is() -> None:
    head = {"sent": {"ads": [1]}, "withheld": {"books": 3}}
    batch = AppendBatch.of(head, [b"{}"])
    assert (batch.days, batch.events) == ([0], 3)
    assert batch.withheld == {"books": {(0, reason_of("", UNKNOWN)): 3}}


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({}, {}),
        ({"withheld": 2, "withheld:age:too old": 2}, {("age", "too old"): 2}),
        ({"withheld": 3, "withheld::(unknown)": 1}, {("", UNKNOWN): 3}),
    ],
)
def test_reasons_add_up_to_what_is_withheld(
    counts: dict[str, int], found: dict[tuple[str, str], int]
) -> None:
    assert withheld_of(counts) == found
