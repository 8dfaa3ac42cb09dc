"""The feed of the ledger: bounded, whatever is deleted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.queue.append import NO_RETENTION, Appender
from gateway.queue.feed import Feeding
from gateway.queue.pending_counts import PendingCounts
from tests.support.drains import nobody
from tests.support.events import decisions
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


async def test_a_feed_that_was_deleted_by_hand_takes_records_again(redis: Redis) -> None:
    feeding = Feeding(4000, lambda *_: [])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, NO_RETENTION, feeding)
    for _ in range(2):
        await appender.append(decisions(40, send=["ads"]))
        full = await redis.hget(KEYS.counts, "feed_bytes")
        assert 4000 < int(full or 0) < 7000
        await redis.delete(KEYS.feed)
    await appender.append(decisions(1, send=["ads"]))
    rows: Any = await redis.xrange(KEYS.feed)
    ((_, fields),) = rows
    assert {b"d", b"e1"} <= {*fields}
    size = sum(len(name) + len(value) for name, value in fields.items())
    assert await redis.hget(KEYS.counts, "feed_bytes") == b"%d" % size
