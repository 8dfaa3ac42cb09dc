"""Quarantined events in the queue: found by filter, released once in one step, or dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from gateway.event import Event
from gateway.monitoring.numbers import read_numbers
from gateway.pipeline.decision import Decision
from gateway.queue import stored_events
from gateway.queue.admission import Full
from gateway.queue.append import Appender, Retention
from gateway.queue.bounds import Closed
from gateway.queue.pause import pause
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser, drop, quarantine_of, read_removed, trim
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.read import Reader, ensure_group
from gateway.queue.stored_events import Filter, StoreBounds
from gateway.redis_client.connect import connect_for_work
from tests.support.destination_numbers import numbers
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.quarantine import REASON, make_releaser, set_aside

pytestmark = pytest.mark.anyio

ALL = Filter()


async def found(redis: Redis, wanted: Filter = ALL) -> list[Quarantined]:
    return [each async for each in quarantine_of(KEYS).find(redis, wanted)]


async def ids_of(redis: Redis, wanted: Filter = ALL) -> list[str]:
    return [each.event_id for each in await found(redis, wanted)]


def sent_to_ads(events: Sequence[Quarantined]) -> dict[str, Decision]:
    """The decision to send each of `events` to ads, and none of them to books."""
    return {each.id: decide(each.event, ["ads"], ["books"]) for each in events}


async def events_of_ads(redis: Redis) -> list[Event]:
    await ensure_group(redis, ADS)
    entries, _ = await Reader(redis, ADS, "drain").new(5000, None)
    return [entry.event for entry in entries]


class Woken(list[str]):
    """The destinations that were woken."""

    async def __call__(self, names: Sequence[str]) -> None:
        await asyncio.sleep(0.01)  # queueing a job takes a moment
        self += names


# found


async def test_it_tells_what_was_seen_and_why_it_is_here(redis: Redis) -> None:
    event, before = make_event(1, value="9.5", note="käse ☃"), time.time()
    await set_aside(redis, [event])
    (each,) = await found(redis)
    assert (each.event, each.reason) == (event, REASON)
    assert (each.source, each.version) == ("site", "version-1")
    assert before <= each.received_at <= time.time()
    assert before - 1 <= each.stored_at <= time.time() + 1
    assert each.happened_at == event["timestamp"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["event-1", "event-2", "event-3"]),
        (Filter(reason="TYPE NUMBER"), ["event-1", "event-2"]),
        (Filter(reason="type.*"), []),
        (Filter(event_name="refund"), ["event-2"]),
        (Filter(event_id="event-3"), ["event-3"]),
        (Filter(reason="value", event_name="purchase"), ["event-1"]),
        (Filter(since=0.0, until=time.time() - 60), []),
        (Filter(since=time.time() - 60), ["event-1", "event-2", "event-3"]),
    ],
)
async def test_a_filter_means_what_it_says(redis: Redis, wanted: Filter, ids: list[str]) -> None:
    await set_aside(redis, [make_event(1), make_event(2, event_name="refund")])
    await set_aside(redis, [make_event(3)], "does not match schemas.purchase: items: required")
    assert await ids_of(redis, wanted) == ids


async def test_they_are_found_page_by_page_and_later_ones_are_not(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_events, "PAGE", 2)
    await set_aside(redis, [make_event(n) for n in range(5)])
    seen = []
    async for each in quarantine_of(KEYS).find(redis):
        seen.append(each.event_id)
        await set_aside(redis, [make_event(99)])
    assert seen == [f"event-{n}" for n in range(5)]


async def test_one_is_called_by_its_own_id_or_that_of_its_event(redis: Redis) -> None:
    await set_aside(redis, [make_event(1), make_event(1), make_event(2)])
    one, again, other = await found(redis)
    assert await quarantine_of(KEYS).find_by_id(redis, other.id) == [other]
    assert await quarantine_of(KEYS).find_by_id(redis, "event-1") == [one, again]
    assert await quarantine_of(KEYS).find_by_id(redis, "event-3") == []


@pytest.mark.parametrize("entry", [{"x": "{}"}, {"q": "{"}, {"q": "[]"}, {"q": "{}"}, {"q": "7"}])
async def test_what_a_foreign_hand_wrote_is_left_out(redis: Redis, entry: dict[str, str]) -> None:
    foreign = await redis.xadd(KEYS.quarantine, entry)  # type: ignore[arg-type]
    await set_aside(redis, [make_event(1)])
    assert await ids_of(redis) == ["event-1"]
    assert await quarantine_of(KEYS).get(redis, foreign.decode()) is None
    assert await redis.xlen(KEYS.quarantine) == 2


# released


async def test_a_released_event_goes_on_as_any_other(redis: Redis) -> None:
    await set_aside(redis, [make_event(n) for n in range(3)])
    woken = Woken()
    events = await found(redis)
    assert await make_releaser(redis, woken).release(sent_to_ads(events[:2])) == 2
    assert await ids_of(redis) == ["event-2"]
    assert await events_of_ads(redis) == [each.event for each in events[:2]]
    assert woken == ["ads"], "before the release returns"
    assert (await numbers(redis)).counts == {"accepted": 2}
    assert (await numbers(redis, "books")).counts == {"accepted": 2, "withheld": 2}


async def test_one_that_nobody_gets_leaves_the_quarantine_too(redis: Redis) -> None:
    await set_aside(redis, [make_event(1), make_event(2)])
    first, second = await found(redis)
    decided = {first.id: decide(first.event, [], ["ads"]), second.id: decide(second.event)}
    assert await make_releaser(redis, Woken()).release(decided) == 2
    assert await ids_of(redis) == []
    assert (await numbers(redis)).counts == {"accepted": 1, "withheld": 1}


async def test_nothing_to_do_changes_nothing(redis: Redis) -> None:
    assert await make_releaser(redis, Woken()).release({}) == 0
    assert await drop(redis, KEYS, []) == 0
    assert await redis.dbsize() == 0


async def test_what_is_gone_is_left_out_and_the_others_go_in_their_order(redis: Redis) -> None:
    await set_aside(redis, [make_event(n) for n in range(6)])
    decided = sent_to_ads(await found(redis))
    ids = list(decided)
    assert await drop(redis, KEYS, [ids[0], ids[3]]) == 2
    releaser = make_releaser(redis, Woken())
    assert await releaser.release(decided) == 4
    assert [event["event_id"] for event in await events_of_ads(redis)] == [
        f"event-{n}" for n in (1, 2, 4, 5)
    ]
    assert await releaser.release(decided) == 0
    assert (await numbers(redis)).counts == {"accepted": 4}


async def test_two_operators_at_once_release_nothing_twice(redis: Redis, redis_url: str) -> None:
    await set_aside(redis, [make_event(n) for n in range(300)])
    events = await found(redis)
    all_connected = asyncio.Barrier(3)

    async def operator(number: int, act: Callable[[Redis, Quarantined], Awaitable[int]]) -> int:
        """Begins with an event that the others reach last, so that it has a share."""
        async with connect_for_work(redis_url) as own:
            await own.ping()
            await all_connected.wait()
            return sum([await act(own, each) for each in [events[-number], *events]])

    async def release(own: Redis, each: Quarantined) -> int:
        return await make_releaser(own, Woken()).release(sent_to_ads([each]))

    *released, dropped = await asyncio.gather(
        operator(1, release),
        operator(2, release),
        operator(3, lambda own, each: drop(own, KEYS, [each.id])),
    )
    assert sum(released) + dropped == 300
    assert all((*released, dropped)), "each had a share"
    after = await numbers(redis)
    assert after.pending == after.counts["accepted"] == sum(released)
    assert await redis.xlen(KEYS.quarantine) == 0


async def test_without_memory_nothing_is_released_and_nothing_lost(redis: Redis) -> None:
    await set_aside(redis, [make_event(n) for n in range(3)])
    events = await found(redis)
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await make_releaser(redis, Woken()).release(sent_to_ads(events))
    await redis.config_set("maxmemory", 0)
    assert await found(redis) == events
    assert (await numbers(redis)).counts == {}


async def test_without_memory_they_can_still_be_dropped(redis: Redis) -> None:
    await set_aside(redis, [make_event(1)])
    (each,) = await found(redis)
    await redis.config_set("maxmemory", 1)
    assert await drop(redis, KEYS, [each.id]) == 1
    await redis.config_set("maxmemory", 0)


async def test_what_redis_refuses_is_no_matter_of_entries_that_are_gone(redis: Redis) -> None:
    await set_aside(redis, [make_event(1)])
    events = await found(redis)
    await redis.set(ADS.stream, "no stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await make_releaser(redis, Woken()).release(sent_to_ads(events))
    assert await found(redis) == events


async def test_what_is_full_takes_nothing(redis: Redis) -> None:
    await set_aside(redis, [make_event(1)])
    events = await found(redis)
    appender = Appender(redis, KEYS, PendingCounts(), Woken())
    appender.closed = Closed({"ads": "ads is full"}, {"ads": "ads is full"})
    releaser = Releaser(appender)
    with pytest.raises(Full, match="ads is full"):
        await releaser.release(sent_to_ads(events))
    assert await found(redis) == events
    assert await releaser.release({events[0].id: decide(events[0].event, ["books"])}) == 1


async def test_within_the_window_a_destination_takes_an_event_once(redis: Redis) -> None:
    """Its sender has corrected it and sent it again in the meantime."""
    await set_aside(redis, [make_event(1), make_event(1), make_event(2)])
    releaser = make_releaser(redis, Woken(), Retention(dedupe=60))
    assert await releaser.release(sent_to_ads(await found(redis))) == 3
    assert (await numbers(redis)).counts == {"accepted": 2, "repeated": 1}


async def test_a_paused_destination_is_left_asleep(redis: Redis) -> None:
    await set_aside(redis, [make_event(1)])
    await pause(redis, ADS, "HTTP 503", 60)
    woken = Woken()
    await make_releaser(redis, woken).release(sent_to_ads(await found(redis)))
    assert woken == []
    assert (await numbers(redis)).pending == 1


# dropped, and counted


@pytest.mark.parametrize("size", [1, 499, 500, 501])
async def test_any_number_is_dropped_page_by_page(redis: Redis, size: int) -> None:
    await set_aside(redis, [make_event(n) for n in range(size)])
    ids = [each.id for each in await found(redis)]
    assert await drop(redis, KEYS, ids) == size
    assert await drop(redis, KEYS, ids) == 0


async def test_metrics_know_how_many_there_are(redis: Redis) -> None:
    assert (await read_numbers(redis, KEYS, [])).quarantined == 0
    await set_aside(redis, [make_event(n) for n in range(3)])
    assert (await read_numbers(redis, KEYS, [])).quarantined == 3


async def bytes_of(redis: Redis) -> int:
    return int(await redis.hget(KEYS.counts, "quarantine_bytes") or 0)


async def test_the_oldest_go_beyond_a_number_and_what_is_too_old(redis: Redis) -> None:
    for days in (31, 29, 3, 2, 1):
        at = int(1000 * (time.time() - days * 86_400))
        await redis.xadd(KEYS.quarantine, {"q": "{}"}, id=f"{at}-1")
    assert await trim(redis, KEYS) == 1
    assert await trim(redis, KEYS) == 0
    assert await trim(redis, KEYS, StoreBounds(letters=2)) == 2
    assert await redis.xlen(KEYS.quarantine) == 2
    assert await read_removed(redis, KEYS) == {"count": 2, "bytes": 0, "age": 1}


async def test_those_of_untrusted_senders_go_first(redis: Redis) -> None:
    for number in range(4):
        forged = make_event(number, trusted=True, own={"trusted": True}, note='"trusted":true')
        await set_aside(redis, [forged], trusted=number % 2 == 0)
    left = []
    for letters in (3, 2, 1, 0):
        await trim(redis, KEYS, StoreBounds(letters=letters))
        left.append(await ids_of(redis))
    assert left == [["event-0", "event-2", "event-3"], ["event-0", "event-2"], ["event-2"], []]
    assert await redis.xlen(KEYS.quarantine_untrusted) == 0


async def test_no_flood_pushes_out_what_a_trusted_sender_sent(redis: Redis) -> None:
    """Neither by its number nor by its bytes."""
    await set_aside(redis, [make_event(1)], trusted=True)
    size = await bytes_of(redis)
    await set_aside(redis, [make_event(n, note="x" * 20_000) for n in range(2, 1002)])
    while await trim(redis, KEYS, StoreBounds(letters=500, size=10 * 20_500 + size)):
        pass
    kept = await ids_of(redis)
    assert kept == ["event-1", *(f"event-{n}" for n in range(992, 1002))]
    assert await read_removed(redis, KEYS) == {"count": 501, "bytes": 489, "age": 0}


async def test_bytes_are_counted_until_an_event_leaves(redis: Redis) -> None:
    async def check(events: int) -> None:
        rows = await redis.xrange(KEYS.quarantine)
        assert len(rows) == await redis.xlen(KEYS.quarantine_untrusted) == events
        assert await bytes_of(redis) == sum(len(fields[b"q"]) for _, fields in rows)

    await set_aside(redis, [make_event(n) for n in range(4)])
    events = await found(redis)
    await check(4)
    await make_releaser(redis, Woken()).release(sent_to_ads(events[:1]))
    await check(3)
    await drop(redis, KEYS, [events[1].id])
    await check(2)
    await trim(redis, KEYS, StoreBounds(size=await bytes_of(redis) - 1))
    await check(1)
    await trim(redis, KEYS, StoreBounds(seconds=-1))
    await check(0)


async def test_what_an_earlier_version_set_aside_outlives_what_strangers_sent(
    redis: Redis,
) -> None:
    await redis.xadd(KEYS.quarantine, {"q": "{}"})
    await set_aside(redis, [make_event(1)])
    assert await trim(redis, KEYS, StoreBounds(letters=1)) == 1
    assert await ids_of(redis) == []
    assert await redis.xlen(KEYS.quarantine) == 1
    assert await bytes_of(redis) == 0


async def test_without_a_quarantine_nothing_is_trimmed(redis: Redis) -> None:
    assert await trim(redis, KEYS) == 0
    assert await redis.keys("*") == []
