"""Settle: an entry ends once, is counted once, and leaves nothing behind but its dead letter."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from made import decisions
from redis.asyncio import Redis

from gateway.metrics import DestinationNumbers, read_numbers
from gateway.queue.append import Appender
from gateway.queue.entry import Entry, encode_dead_letter
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import Tally

pytestmark = pytest.mark.anyio

KEYS = DestinationKeys.of("ads")


async def nobody(_: object) -> None:
    return None


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def settler(redis: Redis, tally: Tally) -> Settler:
    return Settler(redis, "ads", tally)


@pytest.fixture
async def entries(redis: Redis) -> list[Entry]:
    """Four entries that a drain has read."""
    await ensure_group(redis, "ads")
    await Appender(redis, Tally(), nobody).append(decisions(4, send=["ads"]))  # type: ignore[arg-type]
    return (await Reader(redis, "ads", "drain").new(10, None)).entries


async def numbers(redis: Redis) -> DestinationNumbers:
    return (await read_numbers(redis, ["ads"])).destinations["ads"]


async def test_every_ending_is_counted_and_leaves_the_stream(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    endings = ["delivered", "rejected", "expired"]
    await settler.settle([Ending(entry.id, end) for entry, end in zip(entries, endings)])  # noqa: B905
    after = await numbers(redis)
    assert after.counts == {"accepted": 4, "delivered": 1, "rejected": 1, "expired": 1}
    assert after.pending == 1
    assert (await redis.xpending(KEYS.stream, GROUP))["pending"] == 1


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
    settlers = [Settler(redis, "ads", Tally()) for _ in range(5)]
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
    await redis.delete(KEYS.stream, KEYS.counts)
    await ensure_group(redis, "ads")
    ids = [await redis.xadd(KEYS.stream, {"e": b"{}"}) for _ in range(2500)]
    await redis.xreadgroup(GROUP, "drain", {KEYS.stream: ">"}, count=2500)
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
    letters = {fields[b"d"] for _, fields in await redis.xrange(KEYS.dead)}
    assert letters == set(refused.values())


async def test_an_entry_that_nobody_has_read_is_left_alone(
    settler: Settler, redis: Redis, entries: list[Entry]
) -> None:
    unread = await redis.xadd(KEYS.stream, {"e": b"{}"})
    await settler.settle([Ending(unread, "delivered", b"letter")])
    assert (await numbers(redis)).counts == {"accepted": 4}
    assert await redis.xlen(KEYS.stream) == 5


async def test_a_dead_letter_has_the_event_the_reason_and_the_answer(
    settler: Settler, entries: list[Entry], redis: Redis
) -> None:
    entry = entries[2]
    answer = {"status": 400, "body": '{"error": "no such pixel"}'}
    letter = encode_dead_letter(entry, "rejected", "HTTP 400: no such pixel", 1795219200.5, answer)
    await settler.settle([Ending(entry.id, "rejected", letter)])
    ((_, fields),) = await redis.xrange(KEYS.dead)
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
    }


async def test_counts_are_written_with_and_without_endings(
    settler: Settler, entries: list[Entry], redis: Redis, tally: Tally
) -> None:
    tally.add("attempts:delivered", 2)
    await settler.settle([Ending(entries[0].id, "delivered")])
    tally.add("attempts:delivered")
    await settler.settle([])
    counts = (await numbers(redis)).counts
    assert counts == {"accepted": 4, "delivered": 1, "attempts:delivered": 3}


async def test_a_failure_settles_nothing_and_keeps_the_counts(
    settler: Settler, entries: list[Entry], redis: Redis, tally: Tally
) -> None:
    tally.add("attempts:delivered")
    await redis.acl_setuser("default", enabled=True, commands=["-xack"])
    try:
        with pytest.raises(Exception, match="permission"):
            await settler.settle([Ending(entries[0].id, "delivered")])
    finally:
        await redis.acl_setuser("default", enabled=True, commands=["+xack"])
    assert dict(tally.take()) == {"attempts:delivered": 1}
    after = await numbers(redis)
    assert (after.counts, after.pending) == ({"accepted": 4}, 4)


@pytest.mark.parametrize("letter", [b"", b"letter"])
async def test_at_maxmemory_a_destination_can_still_be_drained(
    settler: Settler, entries: list[Entry], redis: Redis, tally: Tally, letter: bytes
) -> None:
    """Otherwise what is delivered is delivered again and again, and memory never gets free."""
    await redis.config_set("maxmemory", 1)
    tally.add("attempts:delivered", 4)
    await settler.settle([Ending(entry.id, "delivered", letter) for entry in entries])
    tally.add("attempts:delivered")
    await settler.settle([])
    await redis.config_set("maxmemory", 0)
    after = await numbers(redis)
    assert after.counts == {"accepted": 4, "delivered": 4, "attempts:delivered": 5}
    assert after.pending == 0
