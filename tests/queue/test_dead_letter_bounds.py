"""Dead letters are bounded by count, bytes and age; those of untrusted senders go first."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from gateway.queue import settle
from gateway.queue.dead_letters import DeadLetter, drop, find, removed_of, replay
from gateway.queue.entry import decode
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader
from gateway.queue.settle import Settler
from gateway.queue.stored_events import StoreBounds
from tests.support.dead_letters import ALL, append, bury, end
from tests.support.destination_numbers import numbers
from tests.support.events import make_event
from tests.support.keys import ADS

pytestmark = pytest.mark.anyio

DAY = 86_400


async def letters_of(redis: Redis) -> list[DeadLetter]:
    return [letter async for letter in find(redis, ADS)]


async def kept(redis: Redis) -> list[str]:
    return [letter.event_id for letter in await letters_of(redis)]


async def trim(redis: Redis, bounds: StoreBounds) -> int:
    return await Settler(redis, ADS, PendingCounts(), bounds).settle([])


async def bury_one(redis: Redis, name: str, trusted: bool, bounds: StoreBounds = ALL) -> int:
    event = make_event(0, event_id=name, timestamp=1.0)  # all take the same number of bytes
    return await bury(redis, "ads", [event], trusted=trusted, bounds=bounds)


async def test_at_the_bound_the_oldest_untrusted_go_first_then_the_oldest(redis: Redis) -> None:
    for name in ("t1", "u1", "t2", "u2"):
        await bury_one(redis, name, trusted=name.startswith("t"))
    left = []
    for letters in (4, 3, 2, 1, 0):
        await trim(redis, StoreBounds(letters=letters))
        left.append(await kept(redis))
    assert left == [["t1", "u1", "t2", "u2"], ["t1", "t2", "u2"], ["t1", "t2"], ["t2"], []]


async def test_it_is_the_same_step_that_adds_one_and_removes_another(redis: Redis) -> None:
    bounds = StoreBounds(letters=2)
    removed = [await bury_one(redis, f"event-{n}", trusted=True, bounds=bounds) for n in range(4)]
    assert removed == [0, 0, 1, 1]
    assert await kept(redis) == ["event-2", "event-3"]


async def test_no_untrusted_sender_pushes_out_a_trusted_one(redis: Redis) -> None:
    bounds = StoreBounds(letters=3)
    for n in range(3):
        await bury_one(redis, f"backend-{n}", trusted=True, bounds=bounds)
    flood = [make_event(n) for n in range(1000)]
    assert await bury(redis, "ads", flood, bounds=bounds) == 1000
    assert await kept(redis) == ["backend-0", "backend-1", "backend-2"]
    await bury_one(redis, "backend-3", trusted=True, bounds=bounds)
    assert await kept(redis) == ["backend-1", "backend-2", "backend-3"]


async def test_bytes_bound_them_as_well(redis: Redis) -> None:
    for name in ("t1", "u1", "t2", "u2"):
        await bury_one(redis, name, trusted=name.startswith("t"))
    now = await numbers(redis)
    rows: Any = await redis.xrange(ADS.dead)
    sizes = [len(fields[b"d"]) for _, fields in rows]
    assert now.dead_bytes == sum(sizes)
    assert await trim(redis, StoreBounds(size=sum(sizes))) == 0
    assert await trim(redis, StoreBounds(size=sum(sizes) - 1)) == 1
    assert await kept(redis) == ["t1", "t2", "u2"]
    assert await trim(redis, StoreBounds(size=max(sizes))) == 2
    assert await kept(redis) == ["t2"]
    assert removed_of((await numbers(redis)).counts) == {"count": 0, "bytes": 3, "age": 0}


async def test_one_that_is_larger_than_the_bound_is_not_kept(redis: Redis) -> None:
    assert await bury_one(redis, "large", trusted=True, bounds=StoreBounds(size=100)) == 1
    now = await numbers(redis)
    assert (now.dead, now.dead_bytes, now.counts["rejected"]) == (0, 0, 1)


async def test_a_large_untrusted_one_makes_room_by_going_itself(redis: Redis) -> None:
    await bury_one(redis, "backend", trusted=True)
    bounds = StoreBounds(size=(await numbers(redis)).dead_bytes)
    large = make_event(1, note="x" * 100_000)
    assert await bury(redis, "ads", [large], bounds=bounds) == 1
    assert await kept(redis) == ["backend"]


async def add_of_age(redis: Redis, seconds: float, **fields: bytes) -> None:
    """Adds a dead letter as if `seconds` ago. The oldest must be added first."""
    letter = orjson.dumps({"event": make_event(0)})
    entry_id = f"{int(1000 * (time.time() - seconds))}-0"
    await redis.xadd(ADS.dead, {"d": letter, **fields}, id=entry_id)  # type: ignore[arg-type]


async def test_those_that_are_too_old_go_whoever_sent_them(redis: Redis) -> None:
    for seconds in (40 * DAY, 30 * DAY + 60, 30 * DAY - 60):
        await add_of_age(redis, seconds)
    await bury_one(redis, "new", trusted=False)
    assert await trim(redis, StoreBounds(seconds=30 * DAY)) == 2
    now = await numbers(redis)
    assert (now.dead, removed_of(now.counts)) == (2, {"count": 0, "bytes": 0, "age": 2})


async def test_without_bounds_all_are_kept(redis: Redis) -> None:
    await add_of_age(redis, 20_000 * DAY)
    await bury(redis, "ads", [make_event(n) for n in range(999)])
    assert await trim(redis, StoreBounds()) == 0
    assert (await numbers(redis)).dead == 1000


@pytest.mark.parametrize(
    "bounds", [StoreBounds(letters=0), StoreBounds(size=0), StoreBounds(seconds=10)]
)
async def test_one_step_does_a_bounded_amount_of_work(
    redis: Redis, bounds: StoreBounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "MAX_REMOVED", 10)
    for seconds in range(50, 25, -1):
        await add_of_age(redis, seconds, n=b"40")
    await redis.hset(ADS.counts, "dead_bytes", 25 * 40)
    assert [await trim(redis, bounds) for _ in range(4)] == [10, 10, 5, 0]


async def test_as_many_as_are_added_can_be_removed_beyond_that(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a flood would exceed the bound."""
    monkeypatch.setattr(settle, "MAX_REMOVED", 10)
    bounds = StoreBounds(letters=5)
    assert await bury(redis, "ads", [make_event(n) for n in range(300)], bounds=bounds) == 295
    assert (await numbers(redis)).dead == 5


async def test_when_memory_is_full_they_are_removed_as_ever(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(10)])
    await append(redis, "ads", [make_event(n) for n in range(10, 14)])
    await redis.config_set("maxmemory", 1)
    assert await end(redis, "ads", "rejected", "no", bounds=StoreBounds(letters=3)) == 11
    await redis.config_set("maxmemory", 0)
    assert await kept(redis) == ["event-11", "event-12", "event-13"]


async def test_their_events_stay_counted_as_they_ended(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(5)], bounds=StoreBounds(letters=2))
    now = await numbers(redis)
    assert now.counts == {"accepted": 5, "rejected": 5, "removed:count": 3}
    assert (now.pending, now.dead) == (0, 2)


async def test_one_that_was_removed_is_neither_replayed_nor_dropped(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    letters = await letters_of(redis)
    await trim(redis, StoreBounds(letters=1))
    assert await replay(redis, ADS, letters[:2]) == 0
    assert await drop(redis, ADS, [letter.id for letter in letters]) == 1
    assert (await numbers(redis)).dead_bytes == 0


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_replayed_one_ends_with_the_trust_that_it_had(redis: Redis, trusted: bool) -> None:
    await bury_one(redis, "event-1", trusted)
    assert await replay(redis, ADS, await letters_of(redis)) == 1
    await end(redis, "ads", "rejected", "again")
    (letter,) = await letters_of(redis)
    assert letter.trusted is trusted
    assert await redis.xlen(ADS.untrusted) == (not trusted)


# what the previous version wrote

OLD_ENTRY = b'{"event":{"event_name":"old","event_id":"e"},"from":["site",1.5,"v1",["a rule"]]}'
OLD_LETTER = (
    b'{"result":"rejected","reason":"no","at":2.0,"deliveries":1,"response":null,"event":'
    b'{"event_name":"old","event_id":"old"},"source":"site","received_at":1.5,"version":"v1",'
    b'"applied":[],"visitor":""}'
)


async def test_an_entry_of_the_version_before_ends_as_that_of_a_trusted_sender(
    redis: Redis,
) -> None:
    await append(redis, "ads", [])
    await redis.xadd(ADS.stream, {"e": OLD_ENTRY})
    await end(redis, "ads", "rejected", "no")
    (letter,) = await letters_of(redis)
    assert (letter.event_name, letter.trusted, letter.applied) == ("old", True, ["a rule"])
    assert await redis.xlen(ADS.untrusted) == 0


async def test_dead_letters_of_the_version_before_outlive_untrusted_ones(redis: Redis) -> None:
    await redis.xadd(ADS.dead, {"d": OLD_LETTER})
    await bury_one(redis, "u", trusted=False)
    await trim(redis, StoreBounds(letters=1))
    assert await kept(redis) == ["old"]
    (letter,) = await letters_of(redis)
    assert letter.trusted


async def test_they_take_no_bytes_and_none_are_given_back(redis: Redis) -> None:
    for _ in range(3):
        await redis.xadd(ADS.dead, {"d": OLD_LETTER})
    await bury_one(redis, "new", trusted=True)
    size = (await numbers(redis)).dead_bytes
    old = await letters_of(redis)
    await replay(redis, ADS, old[:1])
    await drop(redis, ADS, [old[1].id])
    await trim(redis, StoreBounds(letters=1))
    assert await kept(redis) == ["new"]
    assert (await numbers(redis)).dead_bytes == size > 0


async def test_a_replayed_one_can_be_read_by_the_version_before(redis: Redis) -> None:
    """It reads the first five items of the field `from`."""
    await bury_one(redis, "u", trusted=False)
    await replay(redis, ADS, await letters_of(redis))
    ((entry_id, fields),) = await redis.xrange(ADS.stream)  # type: ignore[misc]
    origin = orjson.loads(fields[b"e"])["from"]
    assert origin[:5] == ["site", origin[1], "version-1", ["a rule"], ""]
    assert not decode(entry_id, 1, fields[b"e"]).trusted


# changes by hand


async def test_a_stream_that_was_deleted_by_hand_leaves_nothing_behind(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    await redis.delete(ADS.dead)
    await bury_one(redis, "u", trusted=False)
    now = await numbers(redis)
    ((_, fields),) = await redis.xrange(ADS.dead)  # type: ignore[misc]
    assert now.dead_bytes == len(fields[b"d"])
    assert await redis.xlen(ADS.untrusted) == 1


async def test_ids_that_are_gone_do_not_keep_the_bound_from_being_kept(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    await bury_one(redis, "t", trusted=True)
    letters = await letters_of(redis)
    await redis.xdel(ADS.dead, *(letter.id for letter in letters[:5]))
    await trim(redis, StoreBounds(letters=0))
    assert (await numbers(redis)).dead == 0
    assert await redis.xlen(ADS.untrusted) == 0


async def test_an_event_that_nobody_can_read_is_removed_like_any_other(redis: Redis) -> None:
    await redis.xadd(ADS.dead, {"foreign": "x"})
    await bury_one(redis, "u", trusted=False)
    assert await trim(redis, StoreBounds(letters=0)) == 2
    assert (await numbers(redis)).dead_bytes == 0


async def test_a_drain_settles_with_the_trust_of_the_entry(redis: Redis) -> None:
    await append(redis, "ads", [make_event(1)], trusted=True)
    await append(redis, "ads", [make_event(2)])
    entries = (await Reader(redis, ADS, "drain").new(10, None)).entries
    assert [entry.trusted for entry in entries] == [True, False]
