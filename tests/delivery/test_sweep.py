"""The sweep wakes destinations that have work and no drain, whatever was lost before."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.delivery import sweep as sweep_module
from gateway.delivery.sweep import sweep_forever
from gateway.queue.entry import encode
from gateway.queue.read import Reader, ensure_group
from gateway.redis_client.connect import connect_for_work
from gateway.system.tasks import cancel_and_wait
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS
from tests.support.valkey_server import Valkey

pytestmark = pytest.mark.anyio

CONFIG = """
sources:
  site: {type: collect}
destinations:
  ads: {type: webhook, url: "http://127.0.0.1:9/", delivery: {backoff: [3600]}}
  last: {type: webhook, url: "http://127.0.0.1:9/"}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "SWEEP_SECONDS", 0.02)


async def sweep(redis: Redis, url: str) -> set[str]:
    """The destinations that a whole sweep wakes, except `last`: it is swept last and has work, so
    the sweep is complete once `last` is woken."""
    await add(redis, "last")
    sweeping = asyncio.create_task(sweep_forever(parse_settings(CONFIG), url))
    try:
        async with asyncio.timeout(60):
            while "last" not in (woken := await jobs(redis)):
                assert not sweeping.done()
                await asyncio.sleep(0.01)
    finally:
        await cancel_and_wait(sweeping)
    return woken - {"last"}


async def jobs(redis: Redis) -> set[str]:
    ids = await redis.lrange(KEYS.queue_key, 0, -1)
    descriptions = [await redis.hget(b"rq:job:" + each, "description") for each in ids]
    return {text.decode().removeprefix("forward ") for text in descriptions if text}


async def add(redis: Redis, destination: str) -> None:
    (decision,) = decisions(1)
    entry = {"e": encode(decision, decision.event, ())}
    await redis.xadd(KEYS.destination(destination).stream, entry)


@pytest.fixture
async def clean(redis: Redis) -> Redis:
    await ensure_group(redis, ADS)
    return redis


async def test_a_lost_wake_up_is_healed(clean: Redis, redis_url: str) -> None:
    await add(clean, "ads")
    assert await sweep(clean, redis_url) == {"ads"}
    assert await clean.exists(ADS.wake)


async def test_without_a_group_too(redis: Redis, redis_url: str) -> None:
    await add(redis, "ads")
    assert await sweep(redis, redis_url) == {"ads"}


async def test_without_work_nobody_is_woken(clean: Redis, redis_url: str) -> None:
    assert await sweep(clean, redis_url) == set()


async def test_who_is_woken_already_or_paused_or_at_work_is_left_alone(
    clean: Redis, redis_url: str
) -> None:
    await add(clean, "ads")
    for key in (ADS.wake, ADS.pause):
        await clean.set(key, "1")
        assert await sweep(clean, redis_url) == set()
        await clean.delete(key, KEYS.destination("last").wake, KEYS.queue_key)
    await clean.zadd(ADS.drains, {"drain": time.time() * 1000 + 60_000})
    assert await sweep(clean, redis_url) == set()


@pytest.mark.parametrize("lease_ends_in", [-0.001, 7200.0], ids=["over", "before a set back clock"])
async def test_a_dead_drain_is_replaced(clean: Redis, redis_url: str, lease_ends_in: float) -> None:
    await add(clean, "ads")
    await clean.zadd(ADS.drains, {"drain": 1000 * (time.time() + lease_ends_in)})
    assert await sweep(clean, redis_url) == {"ads"}


async def test_an_event_that_waits_for_its_retry_wakes_nobody_before(
    clean: Redis, redis_url: str
) -> None:
    await add(clean, "ads")
    (entry,) = (await Reader(clean, ADS, "dead").new(1, None)).entries
    assert await sweep(clean, redis_url) == set()
    await clean.delete(KEYS.destination("last").wake, KEYS.queue_key)
    await clean.xclaim(ADS.stream, "gateway", "dead", 0, [entry.id], idle=5_000_000, justid=True)
    assert await sweep(clean, redis_url) == {"ads"}


async def test_a_destination_in_disorder_does_not_stop_the_others(
    redis: Redis, redis_url: str
) -> None:
    await redis.set(ADS.stream, "not a stream")
    assert await sweep(redis, redis_url) == set()


async def test_at_maxmemory_it_goes_on_and_wakes_when_there_is_room_again(
    clean: Redis, redis_url: str
) -> None:
    await add(clean, "ads")
    await clean.config_set("maxmemory", 1)
    sweeping = asyncio.create_task(sweep_forever(parse_settings(CONFIG), redis_url))
    await asyncio.sleep(0.1)
    assert not sweeping.done()
    await clean.config_set("maxmemory", 0)
    async with asyncio.timeout(60):
        while "ads" not in await jobs(clean):
            await asyncio.sleep(0.01)
    await cancel_and_wait(sweeping)


async def test_it_waits_for_redis_and_goes_on(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        async with connect_for_work(server.url) as redis:
            await ensure_group(redis, ADS)
            await add(redis, "ads")
            server.kill()
            sweeping = asyncio.create_task(sweep_forever(parse_settings(CONFIG), server.url))
            await asyncio.sleep(0.1)
            assert not sweeping.done()
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                while "ads" not in await jobs(redis):
                    await asyncio.sleep(0.05)
            await cancel_and_wait(sweeping)


async def test_consumers_of_drains_that_are_long_gone_are_forgotten(
    clean: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "FORGET_SECONDS", 0.01)
    await clean.xgroup_createconsumer(ADS.stream, "gateway", "gone")
    sweeping = asyncio.create_task(sweep_forever(parse_settings(CONFIG), redis_url))
    async with asyncio.timeout(60):
        while await clean.xinfo_consumers(ADS.stream, "gateway"):
            await asyncio.sleep(0.01)
    await cancel_and_wait(sweeping)
