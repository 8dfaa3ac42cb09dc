"""Leases: no more drains at once than allowed, and none waits for a dead one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.delivery.forward import forward_events
from gateway.delivery.stay import Patience
from gateway.queue import lease as lease_module
from gateway.queue.append import Appender
from gateway.queue.keys import GROUP
from gateway.queue.lease import (
    LEASE_SECONDS,
    Lease,
    forget_consumers,
    needs_drain,
    new_holder,
)
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.redis_client.connect import connect_for_work
from gateway.system.tasks import cancel_and_wait
from tests.support.drains import nobody
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS
from tests.support.stopwatch import Stopwatch
from tests.support.valkey_server import TcpServer

pytestmark = pytest.mark.anyio

CONFIG = """
sources:
  site: {type: collect}
destinations:
  ads: {type: webhook, url: "http://127.0.0.1:9/"}
"""


async def consumers(redis: Redis) -> set[bytes]:
    return {row["name"] for row in await redis.xinfo_consumers(ADS.stream, GROUP)}


async def dies(redis: Redis, lease: Lease) -> None:
    """Lets the lease of a drain run out, as if the drain had died."""
    await redis.zadd(ADS.drains, {lease.holder: time.time() * 1000 - 1})


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_than_the_allowed_number_hold_a_lease(redis: Redis, most: int) -> None:
    leases = [Lease(redis, ADS, f"drain-{number}", most) for number in range(8)]
    taken = await asyncio.gather(*(lease.take() for lease in leases))
    assert sum(taken) == most
    assert await redis.zcard(ADS.drains) == most


async def test_a_holder_may_take_its_lease_again(redis: Redis) -> None:
    lease = Lease(redis, ADS, "drain", 1)
    assert await lease.take()
    assert await lease.take()


async def test_the_lease_of_a_dead_drain_runs_out(redis: Redis) -> None:
    dead, heir = (
        Lease(redis, ADS, "dead", 1),
        Lease(redis, ADS, "heir", 1),
    )
    watch = Stopwatch()
    assert await dead.take()
    assert not await heir.take()
    (left,) = [score for _, score in await redis.zrange(ADS.drains, 0, -1, withscores=True)]
    assert left / 1000 - time.time() == watch.left(LEASE_SECONDS)
    await dies(redis, dead)
    assert await heir.others() == set()
    assert await heir.take()
    assert await redis.zrange(ADS.drains, 0, -1) == [b"heir"]


@pytest.mark.parametrize(("hours", "is_held"), [(0.01, True), (2, False), (24, False)])
async def test_a_dead_drain_whose_lease_is_from_before_the_clock_was_set_back(
    redis: Redis, hours: float, is_held: bool
) -> None:
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(1, send=["ads"]))
    await redis.zadd(ADS.drains, {"drain": 1000 * (time.time() + 3600 * hours)})
    heir = Lease(redis, ADS, "heir", 1)
    assert await needs_drain(redis, ADS) == (not is_held)
    assert await heir.others() == ({b"drain"} if is_held else set())
    assert await heir.take() == (not is_held)
    assert await redis.zrange(ADS.drains, 0, -1) == [b"drain" if is_held else b"heir"]


async def test_a_released_lease_is_free(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    one, two = (
        Lease(redis, ADS, "one", 1),
        Lease(redis, ADS, "two", 1),
    )
    await one.take()
    await one.release()
    assert await two.take()


async def test_the_others_are_those_at_work(redis: Redis) -> None:
    one, two, dead = (Lease(redis, ADS, name, 5) for name in ("one", "two", "dead"))
    for lease in (one, two, dead):
        await lease.take()
    await dies(redis, dead)
    assert await one.others() == {b"two"}


async def test_taking_clears_the_mark_of_a_wake_up_even_without_a_lease(redis: Redis) -> None:
    for lease in (
        Lease(redis, ADS, "one", 1),
        Lease(redis, ADS, "two", 1),
    ):
        await redis.set(ADS.wake, "1")
        await lease.take()
        assert not await redis.exists(ADS.wake)


async def test_keeping_renews_the_lease(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    lease = Lease(redis, ADS, "drain", 1)
    await lease.take()
    await dies(redis, lease)
    keeping = asyncio.create_task(lease.keep(lost=lambda: None))
    async with asyncio.timeout(60):
        while await redis.zscore(ADS.drains, "drain") < time.time() * 1000 + 1000:
            await asyncio.sleep(0.01)
    await cancel_and_wait(keeping)


async def test_a_lease_that_others_took_is_lost(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example, the machine slept: the lease ran out, and another drain took the place."""
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    lease, heir = (
        Lease(redis, ADS, "drain", 1),
        Lease(redis, ADS, "heir", 1),
    )
    await lease.take()
    await dies(redis, lease)
    assert await heir.take()
    told = []
    async with asyncio.timeout(60):
        await lease.keep(lost=lambda: told.append("lost"))
    assert told == ["lost"]
    assert await redis.zrange(ADS.drains, 0, -1) == [b"heir"]


async def test_a_lease_is_lost_once_redis_has_not_answered_for_as_long_as_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example, the machine was cut off from Redis: elsewhere another drain takes over then, and
    sends what this one has read."""
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.3)
    told = []
    with TcpServer(tmp_path / "valkey") as server:
        async with connect_for_work(server.url) as redis:
            lease = Lease(redis, ADS, "drain", 1)
            assert await lease.take()
            server.suspend()
            async with asyncio.timeout(5):  # a command alone waits for ten seconds
                await lease.keep(lost=lambda: told.append("lost"))
            server.resume()
    assert told == ["lost"]


async def test_a_drain_that_lost_its_lease_takes_no_more(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.2)
    settings = parse_settings(CONFIG)
    stopping = asyncio.Event()
    draining = asyncio.create_task(forward_events(settings, redis_url, "ads", stopping, Patience()))
    async with asyncio.timeout(60):
        while not (holders := await redis.zrange(ADS.drains, 0, -1)):
            await asyncio.sleep(0.01)
        async with redis.pipeline(transaction=True) as at_once:  # the drain renews its lease
            at_once.zrem(ADS.drains, *holders)
            at_once.zadd(ADS.drains, {"heir": time.time() * 1000 + 60_000})
            await at_once.execute()
        await draining
    assert await redis.zrange(ADS.drains, 0, -1) == [b"heir"]


async def test_what_an_heir_has_taken_over_is_not_handed_back(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(2, send=["ads"]))  # type: ignore[arg-type]
    entries = (await Reader(redis, ADS, "drain").new(2, None)).entries
    await Reader(redis, ADS, "heir").due(lambda *_: 0.0, (), 1, held=[entries[1].id])
    await Reader(redis, ADS, "drain").hand_back(entries)
    rows = await redis.xpending_range(ADS.stream, GROUP, "-", "+", 10)
    found = [(row["consumer"], row["times_delivered"]) for row in rows]
    assert found == [(b"heir", 2), (b"drain", 0)]


async def test_forgetting_spares_consumers_with_entries_or_a_lease(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(2, send=["ads"]))  # type: ignore[arg-type]
    await Reader(redis, ADS, "holds an entry").new(1, None)
    for name in ("idle", "holds a lease"):
        await redis.xgroup_createconsumer(ADS.stream, GROUP, name)
    await Lease(redis, ADS, "holds a lease", 1).take()
    await forget_consumers(redis, ADS, idle_ms=60_000)
    assert await consumers(redis) == {b"idle", b"holds a lease", b"holds an entry"}
    await forget_consumers(redis, ADS, idle_ms=0)
    assert await consumers(redis) == {b"holds a lease", b"holds an entry"}
    assert (await redis.xpending(ADS.stream, GROUP))["pending"] == 1


async def test_forgetting_where_nothing_was_sent_yet_is_no_error(redis: Redis) -> None:
    await forget_consumers(redis, ADS, idle_ms=0)
    await redis.xadd(ADS.stream, {"e": b"{}"})
    await forget_consumers(redis, ADS, idle_ms=0)


async def test_a_drain_that_ends_with_entries_leaves_them_to_its_heir(redis: Redis) -> None:
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(2, send=["ads"]))  # type: ignore[arg-type]
    lease = Lease(redis, ADS, "drain", 1)
    await lease.take()
    entries = (await Reader(redis, ADS, "drain").new(2, None)).entries
    await lease.release()
    heir = await Reader(redis, ADS, "heir").due(lambda *_: 0.0, (), 10)
    assert [entry.id for entry in heir] == [entry.id for entry in entries]


def test_no_two_drains_have_the_same_name() -> None:
    assert len({new_holder() for _ in range(1000)}) == 1000
