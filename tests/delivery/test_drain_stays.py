"""An idle drain waits for events until another job needs its worker, and queues a successor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery import drain as drain_module
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.forward import forward_events
from gateway.delivery.stay import Patience, Stay
from gateway.queue.append import Appender
from gateway.queue.lease import Lease
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.redis_client.connect import connect_for_intake, connect_for_work
from tests.support.drains import OK, nobody
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor
from tests.support.valkey_server import TcpServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings() -> Settings:
    return parse_settings(
        "sources: {site: {type: collect}}\n"
        "destinations: {ads: {type: webhook, url: 'http://127.0.0.1:9/', consent: []}}\n"
    )


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def forward(settings: Settings, redis_url: str, patience: Patience) -> None:
    async with asyncio.timeout(60):
        await forward_events(settings, redis_url, "ads", asyncio.Event(), patience)


async def test_it_has_a_successor_when_its_time_is_over(
    settings: Settings, redis_url: str, redis: Redis
) -> None:
    await forward(settings, redis_url, Patience(idle=60, busy=60, longest=0.5))
    assert await redis.llen(KEYS.queue_key) == 1
    assert await redis.exists(ADS.wake)


async def test_it_leaves_its_worker_to_a_job_that_waits(
    settings: Settings, redis_url: str, redis: Redis
) -> None:
    await redis.lpush(KEYS.queue_key, "a job for another destination")
    await forward(settings, redis_url, Patience(idle=60, busy=60, longest=60))
    assert await redis.llen(KEYS.queue_key) == 1


async def test_it_stays_while_nothing_else_waits(
    settings: Settings, redis_url: str, redis: Redis
) -> None:
    waiting = asyncio.create_task(forward(settings, redis_url, Patience()))
    done, _ = await asyncio.wait([waiting], timeout=1.5)
    assert not done
    await redis.lpush(KEYS.queue_key, "a job for another destination")
    await waiting


async def test_it_goes_on_while_the_server_of_rq_is_away(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "LOOK_SECONDS", 0.05)
    vendor = Vendor(lambda _: OK)
    async with connect_for_work(redis_url) as redis:
        await ensure_group(redis, ADS)
        appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
        lease = Lease(redis, ADS, "drain", 1)
        assert await lease.take()
        with TcpServer(tmp_path / "jobs") as server:
            async with connect_for_intake(server.url) as jobs:
                assignment = Assignment("ads", Parcel(), DeliverySettings(), vendor)
                stay = Stay(jobs, KEYS, Patience())
                drain = Drain(redis, KEYS, assignment, lease, stay, lambda _: None, nobody)
                draining = asyncio.create_task(drain.run())
                await appender.append(decisions(1, send=["ads"]))
                await until(lambda: len(vendor.requests) == 1)
                server.kill()
                await asyncio.sleep(0.3)  # it looks at the memory of the dead server
                for _ in range(3):
                    await appender.append(decisions(1, send=["ads"]))
                await until(lambda: len(vendor.requests) == 4)
                drain.stop()
                async with asyncio.timeout(60):
                    await draining
                server.start()
