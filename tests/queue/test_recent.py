"""The demo shop's list of recent events is short, and does not outlive the demo."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from gateway.queue.recent import KEPT, KEPT_SECONDS, Recorder
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


async def test_it_keeps_the_latest_and_expires(redis: Redis) -> None:
    recorder = Recorder(redis, KEYS)
    recorder.add([{"number": number} for number in range(KEPT + 100)])
    await recorder.flush()
    assert KEPT <= await redis.xlen(KEYS.recent) < KEPT + 100
    assert 0 < await redis.ttl(KEYS.recent) <= KEPT_SECONDS
