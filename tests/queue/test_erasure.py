"""Erasure in Redis: pending entries are withheld once, whoever has them, and leave the disk."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.queue.append import NO_RETENTION, Appender
from gateway.queue.counting import BY_ERASURE
from gateway.queue.entry import Entry
from gateway.queue.erasure import (
    destinations_in_redis,
    pending_entries,
    rewrite_files,
    withhold,
)
from gateway.queue.fates import read_fates
from gateway.queue.feed import Decided, Feed, Feeding
from gateway.queue.feeds import Feeds
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Reporting, Settler
from gateway.queue.tombstones import (
    TOMBSTONE_SECONDS,
    Tombstones,
    read_tombstones,
    write_tombstones,
)
from gateway.redis_client.connect import connect_for_work
from tests.support.drains import nobody
from tests.support.events import decide, decisions, make_event
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS, KEYS
from tests.support.valkey_server import Valkey

pytestmark = pytest.mark.anyio


def names_of(event: dict[str, Any], _: object) -> list[str]:
    return [str(event["client_id"])]


FEEDING = Feeding(1_000_000, names_of)
REPORTING = Reporting(KEYS, 1_000_000, "ads", "version-1")


def appender(redis: Redis, feeding: Feeding | None = None) -> Appender:
    return Appender(redis, KEYS, PendingCounts(), nobody, NO_RETENTION, feeding)  # type: ignore[arg-type]


async def counts(redis: Redis) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in (await redis.hgetall(ADS.counts)).items()}


async def entries_of(redis: Redis) -> list[Entry]:
    return [entry async for entry in pending_entries(redis, ADS)]


async def test_entries_are_withheld_whether_a_drain_has_them_or_not(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await appender(redis).append(decisions(6, ["ads"]))
    held = (await Reader(redis, ADS, "drain").new(3, None)).entries
    entries = await entries_of(redis)
    assert [entry.event["event_id"] for entry in entries] == [f"event-{n}" for n in range(6)]
    await withhold(redis, ADS, entries[1:5], BY_ERASURE, "erased", None)
    now = await counts(redis)
    assert (now["accepted"], now["withheld"], await redis.xlen(ADS.stream)) == (6, 4, 2)
    assert now["withheld:delivery:erased"] == 4
    assert now["pending_bytes"] == entries[0].size + entries[5].size
    assert (await redis.xpending(ADS.stream, "gateway"))["pending"] == 1

    # the drain has sent the entries that it held
    settler = Settler(redis, ADS, PendingCounts())
    await settler.settle([Ending(each.id, "delivered", size=each.size) for each in held])
    now = await counts(redis)
    assert (now["delivered"], now["withheld"], await redis.xlen(ADS.stream)) == (1, 4, 1)
    await withhold(redis, ADS, entries, BY_ERASURE, "erased", None)
    now = await counts(redis)
    assert (now["withheld"], await redis.xlen(ADS.stream)) == (5, 0)
    assert "pending_bytes" not in now


async def test_an_erased_entry_may_be_in_a_later_passage(redis: Redis) -> None:
    made = [decide(make_event(number, client_id="c"), ["ads"]) for number in range(2)]
    released = [replace(each, passage=2) for each in made]
    await appender(redis, FEEDING).append(released)
    await withhold(redis, ADS, await entries_of(redis), BY_ERASURE, "erased", REPORTING)
    now = await counts(redis)
    assert (now["again:accepted"], now["again:withheld"], now["withheld"]) == (2, 2, 2)


async def test_an_erased_entry_that_the_vendor_refuses_leaves_no_dead_letter(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await appender(redis).append(decisions(1, ["ads"]))
    (held,) = (await Reader(redis, ADS, "drain").new(3, None)).entries
    await withhold(redis, ADS, [held], BY_ERASURE, "erased", None)
    await Settler(redis, ADS, PendingCounts()).settle([Ending(held.id, "rejected", b"{}")])
    assert await redis.xlen(ADS.dead) == 0
    assert "rejected" not in await counts(redis)


async def test_more_entries_than_a_page_are_found(redis: Redis) -> None:
    await appender(redis).append(decisions(1203, ["ads"]))
    assert len(await entries_of(redis)) == 1203


async def test_what_is_no_event_is_found_and_stays(redis: Redis) -> None:
    await redis.xadd(ADS.stream, {"x": "y"})
    (entry,) = await entries_of(redis)
    assert entry.unreadable


async def test_the_note_of_the_last_failure_goes(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await redis.set(ADS.error, "HTTP 503: anna@shop.example")
    await withhold(redis, ADS, [], BY_ERASURE, "erased", None)
    assert await redis.get(ADS.error) is None


async def test_destinations_are_found_that_are_not_configured(redis: Redis) -> None:
    await appender(redis).append(decisions(1, ["ads"]))
    await redis.xadd(KEYS.destination("gone").dead, {"d": "{}"})
    await ensure_group(redis, KEYS.destination("empty"))
    assert await destinations_in_redis(redis, KEYS) == {"ads", "gone"}


async def test_the_ledger_learns_of_it(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await appender(redis, FEEDING).append([decide(make_event(0, client_id="anna"), ["ads"])])
    await withhold(redis, ADS, await entries_of(redis), BY_ERASURE, "erased", REPORTING)
    _, record = await Feed(redis, KEYS).read("0-0", None)
    (alike,) = read_fates(record.fields).alike
    assert (alike.result, alike.words, len(alike.ids)) == ("withheld", "erased", 1)


async def test_the_feed_gives_nothing_of_erased_persons(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    before = [decide(make_event(n, client_id=name), ["ads"]) for n, name in enumerate("ab")]
    await appender(redis, FEEDING).append(before)
    await write_tombstones(redis, KEYS, ["a"], time.time())
    after = decide(make_event(2, client_id="a"), ["ads"])
    after.received_at = time.time() + 1
    await appender(redis, FEEDING).append([after])
    feed = Feed(redis, KEYS)
    records = await feed.read("0-0", None)
    told = [(Decided.read(each.fields["d"]).digests, len(each.payloads)) for each in records]
    assert told == [([], 0), (["b"], 1), (["a"], 1)]
    assert b'"a"' not in records[0].fields["d"]
    await feed.take_off(records)
    assert await redis.hget(KEYS.counts, "feed_bytes") is None


async def test_foreign_records_pass(redis: Redis) -> None:
    await write_tombstones(redis, KEYS, ["a"], time.time())
    for text in (b"{", b"[]", b"{}", b'{"receipt": 1, "digests": 2, "at": 3}'):
        await redis.xadd(KEYS.feed, {"d": text})
    assert len(await Feed(redis, KEYS).read("0-0", None)) == 4


@pytest.mark.parametrize(
    ("names", "received_at", "covered"),
    [
        (["a"], 99.0, True),
        (["x", "a"], 100.0, True),
        (["a"], 100.1, False),
        (["b"], 99.0, False),
        ([], 99.0, False),
        ([""], 0.0, False),
    ],
)
def test_a_tombstone_covers_what_came_before_it(
    names: list[str], received_at: float, covered: bool
) -> None:
    assert Tombstones({"a": 100.0}).cover(names, received_at) is covered


async def test_tombstones_last_as_long_as_events_may_wait(redis: Redis) -> None:
    now = time.time()
    await write_tombstones(redis, KEYS, ["old"], now - TOMBSTONE_SECONDS - 1)
    await write_tombstones(redis, KEYS, ["a", "b"], now)
    assert (await read_tombstones(redis, KEYS)).written == {"a": now, "b": now}
    assert 0 < await redis.ttl(KEYS.erased) <= TOMBSTONE_SECONDS


async def test_whether_the_feed_is_stored(redis: Redis) -> None:
    feeds = Feeds(redis, KEYS, ["ads"])
    assert await feeds.are_stored(0)
    await ensure_group(redis, ADS)
    await appender(redis, FEEDING).append([decide(make_event(0, client_id="anna"), ["ads"])])
    assert not await feeds.are_stored(0)
    feed = Feed(redis, KEYS)
    await feed.take_off(await feed.read("0-0", None))
    assert await feeds.are_stored(0)


async def test_no_file_has_a_deleted_entry_though_its_neighbours_stay(tmp_path: Path) -> None:
    """A snapshot would contain it: a node of a stream keeps the bytes of deleted entries."""
    with Valkey(tmp_path) as server:
        async with connect_for_work(server.url) as redis:
            await redis.config_set("rdbcompression", "no")  # or the search could miss bytes
            await ensure_group(redis, ADS)
            marked = [make_event(n, client_id="marker" if n == 5 else "x") for n in range(10)]
            await appender(redis).append([decide(event, ["ads"]) for event in marked])
            entries = await entries_of(redis)
            assert b"marker" in _files(tmp_path)
            await withhold(redis, ADS, [entries[5]], BY_ERASURE, "erased", None)
            assert await rewrite_files(redis, 60)
            # the server unlinks the old files in the background
            wait_for(lambda: b"marker" not in _files(tmp_path), 60, "the last trace to go")
        server.kill()
        server.start()
        async with connect_for_work(server.url) as redis:
            assert await redis.xlen(ADS.stream) == 9
            assert (await counts(redis))["withheld"] == 1


def _files(folder: Path) -> bytes:
    data = b""
    for path in (folder / "valkey").rglob("*"):
        if path.is_file():
            try:
                data += path.read_bytes()
            except FileNotFoundError:
                continue
    return data
