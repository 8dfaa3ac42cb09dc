"""An idle drain waits for events until another job needs its worker, and queues a successor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery.forward import forward_events
from gateway.delivery.stay import Patience
from tests.support.keys import ADS, KEYS

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
