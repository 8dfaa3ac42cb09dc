"""Debian's redis-server does for the queue what the embedded Valkey does in the other tests:
scripts, streams, and answers when memory is full."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.delivery.unanswered import end_unanswered
from gateway.event import Received
from gateway.pipeline.decision import Verdict
from gateway.queue.append import Appender, Retention
from gateway.queue.dead_letters import drop, find, replay
from gateway.queue.held_consent import read_page
from gateway.queue.keys import GROUP
from gateway.queue.lease import Lease, forget_consumers
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group, seconds_to_work
from gateway.queue.settle import Ending, Settler
from gateway.redis_client.connect import connect_for_intake, connect_for_work
from gateway.stages.held_consent import HeldConsent
from tests.support.dead_letters import append, bury, end, nobody
from tests.support.destination_numbers import numbers
from tests.support.events import decide, decisions, make_event
from tests.support.keys import ADS, KEYS
from tests.support.valkey_server import TcpServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis(redis_server: TcpServer) -> AsyncIterator[Redis]:  # type: ignore[override]
    redis_server.empty()
    async with connect_for_work(redis_server.url) as client:
        yield client


async def fill(redis: Redis) -> None:
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory-policy", "noeviction")
    await redis.config_set("maxmemory", used)


async def test_it_is_redis_7_or_newer(redis: Redis) -> None:
    server = await redis.info("server")
    assert "valkey_version" not in server
    assert int(server["redis_version"].split(".")[0]) >= 7


async def test_append_is_all_or_none_counted_and_wakes(
    redis: Redis, redis_server: TcpServer
) -> None:
    woken: list[list[str]] = []

    async def wake(names: list[str]) -> None:
        woken.append(sorted(names))

    pending_counts = PendingCounts()
    pending_counts.add("received:site", 2)
    async with connect_for_intake(redis_server.url) as intake:
        appender = Appender(intake, KEYS, pending_counts, wake)  # type: ignore[arg-type]
        await appender.append(
            [
                decide(make_event(0), send=["ads", "books"]),
                decide(make_event(1), send=["books"], withhold=["ads"]),
            ]
        )
        await fill(redis)
        with pytest.raises(OutOfMemoryError):
            await appender.append(decisions(1, send=["ads", "books"]))
    await redis.config_set("maxmemory", 0)
    assert woken == [["ads", "books"]]
    ads, books = await numbers(redis), await numbers(redis, "books")
    assert (ads.counts, ads.pending) == ({"accepted": 2, "withheld": 1}, 1)
    assert (books.counts, books.pending) == ({"accepted": 2}, 2)


async def test_full_memory_can_be_drained(redis: Redis) -> None:
    await append(redis, "ads", [make_event(number) for number in range(50)])
    await redis.script_load("return 0")
    await fill(redis)
    lease = Lease(redis, ADS, "drain", 1)
    assert await lease.take()
    await end(redis, "ads")
    await lease.release()
    await redis.config_set("maxmemory", 0)
    after = await numbers(redis)
    assert (after.pending, after.counts) == (0, {"accepted": 50, "delivered": 50})


async def test_what_a_dead_drain_held_is_claimed_once_and_settled_once(redis: Redis) -> None:
    await append(redis, "ads", [make_event(number) for number in range(3)])
    assert await seconds_to_work(redis, ADS, lambda *_: 60.0, ()) == 0
    await Reader(redis, ADS, "dead").new(10, None)
    assert await seconds_to_work(redis, ADS, lambda *_: 60.0, ()) == pytest.approx(60, abs=5)
    heirs = [Reader(redis, ADS, name) for name in ("one", "two")]
    claimed = [await heir.due(lambda times, _: 60.0 * (times - 1), (), 10) for heir in heirs]
    assert [len(entries) for entries in claimed] == [3, 0]
    assert [entry.deliveries for entry in claimed[0]] == [2, 2, 2]
    await heirs[0].hand_back(claimed[0])
    endings = [Ending(entry.id, "delivered") for entry in claimed[0]]
    for _ in range(2):
        await Settler(redis, ADS, PendingCounts()).settle(endings)
    assert (await numbers(redis)).counts == {"accepted": 3, "delivered": 3}
    assert (await redis.xpending(ADS.stream, GROUP))["pending"] == 0


async def test_dead_letters_are_replayed_once_and_dropped_once(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(number) for number in range(3)])
    letters = [letter async for letter in find(redis, ADS)]
    assert [letter.event_id for letter in letters] == ["event-0", "event-1", "event-2"]
    assert [await replay(redis, ADS, letters[:2]) for _ in range(2)] == [2, 0]
    assert [await drop(redis, ADS, [letters[2].id]) for _ in range(2)] == [1, 0]
    after = await numbers(redis)
    assert after.counts == {"accepted": 5, "rejected": 3, "replayed": 2, "dropped": 1}
    assert (after.pending, after.dead) == (2, 0)


async def test_what_waits_for_consent_is_looked_at_again_and_then_ends(redis: Redis) -> None:
    event = make_event(0)
    received = Received("site", time.time(), page_token="p" * 32)
    decision = decide(event)
    decision.verdicts = {"ads": Verdict(None, "hold")}
    decision.held_consent = HeldConsent("page", [], {}, [], [], event, received)
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(hold=(60, 5)))  # type: ignore[arg-type]
    await appender.append([decision])
    for later, held in ((0, 1), (61, 0)):
        page = await read_page(redis, KEYS, "page")
        assert await end_unanswered(page, appender, 60, received.at + later)
        assert len((await read_page(redis, KEYS, "page")).events) == held
    assert (await numbers(redis)).counts == {"accepted": 1, "withheld": 1, "held": 0}


async def test_leases_are_held_by_so_many_and_consumers_forgotten(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    leases = [Lease(redis, ADS, name, 2) for name in ("one", "two", "three")]
    assert [await lease.take() for lease in leases] == [True, True, False]
    assert await leases[0].others() == {b"two"}
    await append(redis, "ads", [make_event(0)])
    for lease in leases[:2]:
        await Reader(redis, ADS, lease.holder).new(1, 1)
        await redis.zrem(ADS.drains, lease.holder)
    await forget_consumers(redis, ADS, idle_ms=0)
    consumers = await redis.xinfo_consumers(ADS.stream, GROUP)
    assert [consumer["name"] for consumer in consumers] == [b"one"]  # it holds the entry


async def test_scripts_are_loaded_again_after_a_restart(
    redis: Redis, redis_server: TcpServer
) -> None:
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
    await appender.append(decisions(1, send=["ads"]))
    redis_server.stop()
    redis_server.start()
    await appender.append(decisions(1, send=["ads"]))
    assert (await numbers(redis)).pending == 1  # the server saves nothing
