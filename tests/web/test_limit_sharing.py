"""A budget that several web processes share through Redis."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.queue.keys import Keys
from gateway.sources.base import Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.web.client_ip import ClientAddress
from gateway.web.limit_sharing import share_limits
from gateway.web.sender_limit import SenderLimit
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio

BURST = 160
SENDER = ClientAddress("198.51.100.1", False)


def process(now: float = 0.0, **more: str) -> SenderLimit:
    """The limit of one web process, whose own clock stands still."""
    limits = {"requests": f"{BURST}/day", "shared": True, **more}
    settings = CollectSettings.model_validate({"type": "collect", "rate_limit": limits})
    return SenderLimit("site", Collect(settings), lambda: now)


def sends(limit: SenderLimit, times: int, events: int = 0) -> int:
    passed = 0
    for _ in range(times):
        try:
            bucket = limit.enter(SENDER, Inbound("POST", "/collect"))
        except Refused:
            continue
        assert bucket is not None
        bucket.pay(events, 0)
        passed += 1
    return passed


@pytest.fixture
async def redis(redis_url: str) -> Any:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.mark.parametrize("kind", ["requests", "events", "bytes"])
async def test_what_is_spent_at_one_process_is_gone_at_another(redis: Redis, kind: str) -> None:
    limits = {"requests": "off", kind: f"{BURST}/day"}
    first, second = process(0.0, **limits), process(5e6, **limits)
    for limit, spent in ((first, 150), (second, 11)):
        for _ in range(spent):
            bucket = limit.enter(SENDER, Inbound("POST", "/collect"))
            assert bucket is not None
            bucket.pay(1, 1)
        await share_limits(redis, KEYS, [limit])
    assert (sends(first, 10), sends(second, 10)) == (10, 0)


@pytest.mark.parametrize("processes", [1, 2, 4])
async def test_all_processes_together_let_one_budget_through(redis: Redis, processes: int) -> None:
    """In addition, each process lets through at most what it has not shared yet."""
    limits = [process(1e6 * number) for number in range(processes)]
    passed = 0
    for limit in itertools.chain.from_iterable(itertools.repeat(limits, 40)):
        passed += sends(limit, 4)
        await share_limits(redis, KEYS, [limit])
    assert BURST <= passed <= BURST + processes * (BURST / 16 + 4)


async def test_usual_visitors_are_not_written_and_others_until_their_budget_is_full(
    redis: Redis,
) -> None:
    limit = process()
    sends(limit, BURST // 16)
    await share_limits(redis, KEYS, [limit])
    assert await redis.keys("*limit*") == []
    sends(limit, 1)
    await share_limits(redis, KEYS, [limit])
    (name,) = await redis.keys("*limit*")
    assert 0 < await redis.ttl(name) <= 86_400


async def test_namespaces_share_nothing(redis: Redis) -> None:
    first, second = process(), process()
    sends(first, BURST)
    await share_limits(redis, Keys("one"), [first])
    sends(second, BURST // 2)
    await share_limits(redis, Keys("two"), [second])
    assert sends(second, BURST) == BURST // 2


async def test_each_process_counts_for_itself_while_redis_is_away(redis: Redis) -> None:
    limit = process()
    assert sends(limit, BURST // 2) == BURST // 2
    with pytest.raises(RedisConnectionError):
        await share_limits(Redis(port=9), KEYS, [limit])
    assert sends(limit, BURST) == BURST // 2
    await share_limits(redis, KEYS, [limit])
    other = process()
    sends(other, BURST // 8)
    await share_limits(redis, KEYS, [other])
    assert sends(other, BURST) == 0, "it was told once Redis was back"


async def test_a_limit_of_a_kind_may_be_off(redis: Redis) -> None:
    limit = process(events="off", bytes="off")
    sends(limit, 20, events=1_000_000)
    await share_limits(redis, KEYS, [limit])
    assert sends(limit, BURST, events=1_000_000) == BURST - 20
