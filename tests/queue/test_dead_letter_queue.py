"""Dead letters in the queue: found by filter, replayed once, dropped, and always accounted for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.delivery.planning import Shipment, plan
from gateway.queue import stored_events
from gateway.queue.dead_letters import (
    DeadLetter,
    dead_letters_of,
    drop,
    encode_dead_letter,
    find,
    replay,
)
from gateway.queue.entry import Entry, decode
from gateway.queue.read import Reader
from gateway.queue.stored_events import Filter
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import RESPONSE, append, bury, end
from tests.support.destination_numbers import numbers
from tests.support.events import make_event
from tests.support.keys import ADS, BOOKS

ANY = Filter()

pytestmark = pytest.mark.anyio


async def letters_of(redis: Redis, wanted: Filter = ANY) -> list[DeadLetter]:
    return [letter async for letter in find(redis, ADS, wanted)]


async def ids_of(redis: Redis, wanted: Filter = ANY) -> list[str]:
    return [letter.event["event_id"] for letter in await letters_of(redis, wanted)]


async def test_a_dead_letter_tells_how_the_event_ended(redis: Redis) -> None:
    event = make_event(1, value=9.5, items=[{"item_id": "a"}])
    before = time.time()
    await bury(redis, "ads", [event], "rejected", "HTTP 400: no such token")
    (letter,) = await letters_of(redis)
    assert (letter.result, letter.reason) == ("rejected", "HTTP 400: no such token")
    assert (letter.event, letter.response, letter.deliveries) == (event, RESPONSE, 1)
    assert (letter.source, letter.version, letter.applied) == ("site", "version-1", ["a rule"])
    assert before <= letter.at <= time.time()
    assert before - 1 <= letter.stored_at <= time.time() + 1


async def test_without_dead_letters_nothing_is_found(redis: Redis) -> None:
    assert await letters_of(redis) == []


async def test_they_are_found_page_by_page_oldest_first(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_events, "PAGE", 3)
    await bury(redis, "ads", [make_event(n) for n in range(9)])
    assert await ids_of(redis) == [f"event-{n}" for n in range(9)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), ["event-1", "event-2", "event-3"]),
        (Filter(reason="TOKEN"), ["event-1", "event-2"]),
        (Filter(reason="400.*"), []),
        (Filter(event_name="refund"), ["event-2"]),
        (Filter(event_id="event-3"), ["event-3"]),
        (Filter(event_id="event"), []),
        (Filter(reason="token", event_name="purchase"), ["event-1"]),
    ],
)
async def test_a_filter_means_what_it_says(redis: Redis, wanted: Filter, found: list[str]) -> None:
    await bury(redis, "ads", [make_event(1), make_event(2, event_name="refund")])
    await bury(redis, "ads", [make_event(3)], "expired", "80.1 hours old; the deadline is 72")
    assert await ids_of(redis, wanted) == found


async def test_times_bound_the_moment_of_the_ending(redis: Redis) -> None:
    for number in (1, 2, 3):
        await bury(redis, "ads", [make_event(number, timestamp=1.0)])
        await asyncio.sleep(0.005)
    middle = (await letters_of(redis))[1].stored_at
    assert await ids_of(redis, Filter(since=middle)) == ["event-2", "event-3"]
    assert await ids_of(redis, Filter(until=middle)) == ["event-1", "event-2"]
    assert await ids_of(redis, Filter(since=middle, until=middle)) == ["event-2"]
    assert await ids_of(redis, Filter(since=middle + 60)) == []
    assert await ids_of(redis, Filter(until=0.0)) == []


async def test_what_ends_meanwhile_is_not_found(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a replay whose events are rejected again would never end."""
    monkeypatch.setattr(stored_events, "PAGE", 2)
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    seen = 0
    async for letter in find(redis, ADS):
        seen += await replay(redis, ADS, [letter])
        await end(redis, "ads", "rejected", "again")
    assert seen == 5
    assert [letter.reason for letter in await letters_of(redis)] == ["again"] * 5


@pytest.mark.parametrize("text", ["", "event-1", "-", "+", "1", "1-1-1", "²-1", "9" * 25 + "-1"])
async def test_no_text_is_mistaken_for_an_id(redis: Redis, text: str) -> None:
    await bury(redis, "ads", [make_event(1)])
    assert await dead_letters_of(ADS).get(redis, text) is None


async def test_one_is_got_by_its_id(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    letter = (await letters_of(redis))[1]
    assert await dead_letters_of(ADS).get(redis, letter.id) == letter
    assert await dead_letters_of(BOOKS).get(redis, letter.id) is None


async def test_a_replayed_event_is_the_same_one_with_all_its_tries_before_it(redis: Redis) -> None:
    event = make_event(1, value=9.5, note="käse ☃")
    await append(redis, "ads", [event])
    await redis.xgroup_setid(ADS.stream, "gateway", "0")
    (first,) = (await Reader(redis, ADS, "looks").new(1, None)).entries
    await redis.xgroup_setid(ADS.stream, "gateway", "0")
    await end(redis, "ads", "rejected", "no")
    assert await replay(redis, ADS, await letters_of(redis)) == 1
    (again,) = (await Reader(redis, ADS, "drain").new(10, None)).entries
    assert (again.event, again.deliveries) == (event, 1)
    for name in ("source", "received_at", "version", "applied"):
        assert getattr(again, name) == getattr(first, name)


async def test_the_configuration_of_today_makes_the_request(redis: Redis) -> None:
    """Operators correct a wrong address or secret, then replay its dead letters."""
    await bury(redis, "ads", [make_event(1)])
    await replay(redis, ADS, await letters_of(redis))
    entries = (await Reader(redis, ADS, "drain").new(10, None)).entries
    mended = parse_settings(
        "sources: {site: {type: collect}}\n"
        "destinations: {ads: {type: webhook, url: 'https://mended.example/'}}"
    )
    destination = build_destination(mended.destinations["ads"])
    (shipment,) = plan(destination, entries, destination.max_age, time.time())
    assert isinstance(shipment, Shipment)
    assert shipment.request.url == "https://mended.example/"
    assert shipment.request.headers["webhook-id"] == "event-1"


async def test_replayed_events_are_accepted_again(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    await replay(redis, ADS, (await letters_of(redis))[:2])
    after = await numbers(redis)
    assert after.counts == {"accepted": 5, "rejected": 3, "replayed": 2}
    assert (after.pending, after.dead) == (2, 1)


async def test_dropped_ones_keep_their_ending(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    ids = [letter.id for letter in await letters_of(redis)]
    assert await drop(redis, ADS, ids[:2]) == 2
    assert await drop(redis, ADS, ids[:2]) == 0
    after = await numbers(redis)
    assert after.counts == {"accepted": 3, "rejected": 3, "dropped": 2}
    assert (after.pending, after.dead) == (0, 1)


async def test_nothing_to_do_changes_nothing(redis: Redis) -> None:
    assert await replay(redis, ADS, []) == 0
    assert await drop(redis, ADS, []) == 0
    assert await redis.dbsize() == 0


@pytest.mark.parametrize("size", [499, 500, 501, 1100])
async def test_any_number_goes_page_by_page(redis: Redis, size: int) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(size)])
    await end(redis, "ads", "rejected", "no", 2000)
    letters = await letters_of(redis)
    assert await replay(redis, ADS, letters) == len(letters) == size
    await end(redis, "ads", "rejected", "no", 2000)
    assert (
        await drop(
            redis,
            ADS,
            [letter.id for letter in await letters_of(redis)],
        )
        == size
    )


async def test_two_operators_at_once_replay_nothing_twice(redis: Redis, redis_url: str) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(300)])
    letters = await letters_of(redis)
    all_connected = asyncio.Barrier(3)

    async def operator(number: int, act: Any) -> int:
        """Begins with a dead letter that the others reach last, so that it has a share."""
        async with connect_for_work(redis_url) as own:
            await own.ping()
            await all_connected.wait()
            return sum([await act(own, letter) for letter in [letters[-number], *letters]])

    done = await asyncio.gather(
        operator(1, lambda own, letter: replay(own, ADS, [letter])),
        operator(2, lambda own, letter: replay(own, ADS, [letter])),
        operator(3, lambda own, letter: drop(own, ADS, [letter.id])),
    )
    after = await numbers(redis)
    assert sum(done) == 300
    assert all(done), "each had a share"
    assert after.pending == after.counts["replayed"] == done[0] + done[1]
    assert after.counts["dropped"] == done[2]


async def test_without_memory_nothing_is_replayed_and_nothing_lost(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    before, letters = await numbers(redis), await letters_of(redis)
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await replay(redis, ADS, letters)
    await redis.config_set("maxmemory", 0)
    assert await numbers(redis) == before
    assert await letters_of(redis) == letters


async def test_without_memory_they_can_still_be_dropped(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(1)])
    (letter,) = await letters_of(redis)
    await redis.config_set("maxmemory", 1)
    assert await drop(redis, ADS, [letter.id]) == 1
    await redis.config_set("maxmemory", 0)
    assert (await numbers(redis)).counts["dropped"] == 1


async def test_a_replayed_event_is_still_its_visitors(redis: Redis) -> None:
    """A denial of consent can stop it."""
    entry = Entry(
        b"1-1", 1, make_event(1), "site", 1.0, "v", ["a rule"], ["one", "two"], True, ["ad_storage"]
    )
    await redis.xadd(ADS.dead, {"d": encode_dead_letter(entry, "rejected", "no", 2.0, None)})
    assert await replay(redis, ADS, await letters_of(redis)) == 1
    ((key, fields),) = await redis.xrange(ADS.stream)  # type: ignore[misc]
    replayed = decode(key, 1, fields[b"e"])
    assert (replayed.visitors, replayed.stated) == (["one", "two"], ["ad_storage"])
