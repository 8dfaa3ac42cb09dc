"""Settle: an entry ends once, is counted once, and leaves nothing behind but its dead letter."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from redis.asyncio import Redis

from gateway.queue.append import Appender
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.entry import Entry
from gateway.queue.keys import GROUP
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from tests.support.destination_numbers import numbers
from tests.support.drains import nobody
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio


@pytest.fixture
def pending_counts() -> PendingCounts:
    return PendingCounts()


@pytest.fixture
def settler(redis: Redis, pending_counts: PendingCounts) -> Settler:
    return Settler(redis, ADS, pending_counts)


@pytest.fixture
async def entries(redis: Redis) -> list[Entry]:
    """Four entries that a drain has read."""
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(4, send=["ads"]))  # type: ignore[arg-type]
    return (await Reader(redis, ADS, "drain").new(10, None)).entries


async def test_every_ending_is_counted_and_leaves_the_stream(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    endings = ["delivered", "rejected", "expired"]
    await settler.settle([Ending(entry.id, end) for entry, end in zip(entries, endings)])  # noqa: B905
    after = await numbers(redis)
    assert after.counts == {"accepted": 4, "delivered": 1, "rejected": 1, "expired": 1}
    assert after.pending == 1
    assert (await redis.xpending(ADS.stream, GROUP))["pending"] == 1


async def test_the_counter_of_a_minute_outlives_the_next_minute_and_then_expires(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    """The status shows the last sixty seconds, which begin in the minute before."""
    for entry in entries:
        await settler.settle([Ending(entry.id, "delivered")])
        counters = [key async for key in redis.scan_iter(match="*minute:*")]
        assert counters
        assert all([120 < await redis.ttl(counter) <= 600 for counter in counters])


async def test_settled_twice_counts_once(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    ending = Ending(entries[0].id, "rejected", b"letter")
    await settler.settle([ending, ending])
    await settler.settle([ending])
    await settler.settle([Ending(entries[0].id, "delivered")])
    after = await numbers(redis)
    assert after.counts == {"accepted": 4, "rejected": 1}
    assert (after.pending, after.dead) == (3, 1)


async def test_drains_that_settle_the_same_entries_count_them_once(
    entries: list[Entry], redis: Redis
) -> None:
    settlers = [Settler(redis, ADS, PendingCounts()) for _ in range(5)]
    await asyncio.gather(
        *(
            settler.settle([Ending(entry.id, "delivered")])
            for settler in settlers
            for entry in entries
        )
    )
    after = await numbers(redis)
    assert (after.counts, after.pending) == ({"accepted": 4, "delivered": 4}, 0)


async def test_thousands_end_in_one_step_each_with_its_own_letter(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    await redis.delete(ADS.stream, ADS.counts)
    await ensure_group(redis, ADS)
    ids = [await redis.xadd(ADS.stream, {"e": b"{}"}) for _ in range(2500)]
    await redis.xreadgroup(GROUP, "drain", {ADS.stream: ">"}, count=2500)
    refused = {entry_id: b"letter %d" % number for number, entry_id in enumerate(ids[::100])}
    await settler.settle(
        [
            Ending(each, "rejected", refused[each])
            if each in refused
            else Ending(each, "delivered")
            for each in ids
        ]
    )
    after = await numbers(redis)
    assert (after.counts, after.pending) == ({"delivered": 2475, "rejected": 25}, 0)
    letters = {fields[b"d"] for _, fields in await redis.xrange(ADS.dead)}
    assert letters == set(refused.values())


async def test_an_entry_that_nobody_has_read_is_left_alone(
    settler: Settler, redis: Redis, entries: list[Entry]
) -> None:
    unread = await redis.xadd(ADS.stream, {"e": b"{}"})
    await settler.settle([Ending(unread, "delivered", b"letter")])
    assert (await numbers(redis)).counts == {"accepted": 4}
    assert await redis.xlen(ADS.stream) == 5


async def test_a_dead_letter_has_the_event_the_reason_and_the_answer(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    entry = entries[2]
    answer = {"status": 400, "body": '{"error": "no such pixel"}'}
    letter = encode_dead_letter(entry, "rejected", "HTTP 400: no such pixel", 1795219200.5, answer)
    await settler.settle([Ending(entry.id, "rejected", letter)])
    ((_, fields),) = await redis.xrange(ADS.dead)
    assert orjson.loads(fields[b"d"]) == {
        "result": "rejected",
        "reason": "HTTP 400: no such pixel",
        "at": 1795219200.5,
        "deliveries": 1,
        "response": answer,
        "event": entry.event,
        "source": "site",
        "received_at": entry.received_at,
        "version": "version-1",
        "applied": ["a rule"],
        "visitor": "",
        "trusted": False,
        "stated": "",
        "receipt": "",
        "passage": 1,
    }


async def test_counts_are_written_with_and_without_endings(
    settler: Settler, entries: list[Entry], redis: Redis, pending_counts: PendingCounts
) -> None:
    pending_counts.add("attempts:delivered", 2)
    await settler.settle([Ending(entries[0].id, "delivered")])
    pending_counts.add("attempts:delivered")
    await settler.settle([])
    counts = (await numbers(redis)).counts
    assert counts == {"accepted": 4, "delivered": 1, "attempts:delivered": 3}


async def test_a_failure_settles_nothing_and_keeps_the_counts(
    settler: Settler, entries: list[Entry], redis: Redis, pending_counts: PendingCounts
) -> None:
    pending_counts.add("attempts:delivered")
    await redis.acl_setuser("default", enabled=True, commands=["-xack"])
    try:
        with pytest.raises(Exception, match="permission"):
            await settler.settle([Ending(entries[0].id, "delivered")])
    finally:
        await redis.acl_setuser("default", enabled=True, commands=["+xack"])
    assert dict(pending_counts.take()) == {"attempts:delivered": 1}
    after = await numbers(redis)
    assert (after.counts, after.pending) == ({"accepted": 4}, 4)


@pytest.mark.parametrize("letter", [b"", b"letter"])
async def test_at_maxmemory_a_destination_can_still_be_drained(
    settler: Settler,
    entries: list[Entry],
    redis: Redis,
    pending_counts: PendingCounts,
    letter: bytes,
) -> None:
    """Otherwise events would be delivered again and again, and memory would never get free."""
    await redis.config_set("maxmemory", 1)
    pending_counts.add("attempts:delivered", 4)
    await settler.settle([Ending(entry.id, "delivered", letter) for entry in entries])
    pending_counts.add("attempts:delivered")
    await settler.settle([])
    await redis.config_set("maxmemory", 0)
    after = await numbers(redis)
    assert after.counts == {"accepted": 4, "delivered": 4, "attempts:delivered": 5}
    assert after.pending == 0


async def test_what_was_delivered_with_warnings_is_counted_as_delivered_and_as_warned_once(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    endings = [Ending(entries[0].id, "delivered"), Ending(entries[1].id, "warned")]
    for _ in range(2):
        await settler.settle(endings)
    assert (await numbers(redis)).counts == {"accepted": 4, "delivered": 2, "warned": 1}
    minutes = [await redis.get(key) async for key in redis.scan_iter(match="*minute:*")]
    assert sum(map(int, minutes)) == 2
