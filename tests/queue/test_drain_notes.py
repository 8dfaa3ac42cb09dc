"""The notes that a drain leaves in Redis, and the questions that it asks there."""

from __future__ import annotations

import orjson
import pytest
from redis.asyncio import Redis

from gateway.queue.drain_notes import (
    read_next_request,
    read_share,
    write_failure,
    write_next_request,
    write_share,
    write_warning,
)
from gateway.queue.pause import is_paused, pause
from gateway.queue.read import count_waiting
from gateway.queue.wake import jobs_wait
from tests.support.keys import ADS, BOOKS, KEYS

pytestmark = pytest.mark.anyio


async def test_the_next_drain_goes_on_with_the_share_of_the_last(redis: Redis) -> None:
    assert await read_share(redis, ADS) == 1.0
    await write_share(redis, ADS, 0.125)
    assert await read_share(redis, ADS) == 0.125
    assert await read_share(redis, BOOKS) == 1.0


async def test_the_next_drain_knows_when_a_request_may_start(redis: Redis) -> None:
    assert await read_next_request(redis, ADS) == 0.0
    await write_next_request(redis, ADS, 1795219200.25)
    assert await read_next_request(redis, ADS) == 1795219200.25
    assert await read_next_request(redis, BOOKS) == 0.0


async def test_the_last_failure_is_kept(redis: Redis) -> None:
    for at, reason in ((1.0, "HTTP 500"), (2.0, "HTTP 503")):
        await write_failure(redis, ADS, at, reason)
    assert orjson.loads(await redis.get(ADS.error)) == {"at": 2.0, "reason": "HTTP 503"}
    assert await redis.ttl(ADS.error) > 29 * 86_400


async def test_whether_a_destination_is_paused(redis: Redis) -> None:
    assert not await is_paused(redis, ADS)
    await pause(redis, ADS, "HTTP 503", None)
    assert await is_paused(redis, ADS)
    assert not await is_paused(redis, BOOKS)


async def test_how_many_events_are_pending(redis: Redis) -> None:
    assert await count_waiting(redis, ADS) == 0
    await redis.xadd(ADS.stream, {"e": b"{}"})
    assert await count_waiting(redis, ADS) == 1


async def test_whether_a_job_waits(redis: Redis) -> None:
    assert not await jobs_wait(redis, KEYS)
    await redis.rpush(KEYS.queue_key, "job")
    assert await jobs_wait(redis, KEYS)


async def test_the_last_warning_is_kept_apart_from_the_last_failure(redis: Redis) -> None:
    for at, words in ((1.0, "v25.0 ends"), (2.0, "80 % used")):
        await write_warning(redis, ADS, at, words)
    assert orjson.loads(await redis.get(ADS.warning)) == {"at": 2.0, "reason": "80 % used"}
    assert await redis.get(ADS.error) is None
