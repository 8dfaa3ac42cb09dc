"""The feed of the ledger stays bounded, even if it is deleted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.queue.append import NO_RETENTION, Appender
from gateway.queue.feed import Feed, Feeding
from gateway.queue.pending_counts import PendingCounts
from tests.support.drains import nobody
from tests.support.events import decide, decisions, make_event
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


@pytest.mark.parametrize("taken", [(2, 3), (1, 2, 3), (3, 2), (3, 3)])
async def test_its_size_is_that_of_the_records_that_are_left(
    redis: Redis, taken: tuple[int, ...]
) -> None:
    """Also when a process takes off records of which another has already taken some."""
    feeding = Feeding(1_000_000, lambda *_: [])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, NO_RETENTION, feeding)
    for number in range(4):
        event = make_event(number, page_title="x" * 100 * number)
        await appender.append([decide(event, send=["ads"])])
    feed = Feed(redis, KEYS)
    records = await feed.read("0-0", None)
    for count in taken:
        await feed.take_off(records[:count])
    assert await feed.read("0-0", None) == records[3:]
    assert await redis.hget(KEYS.counts, "feed_bytes") == b"%d" % records[3].size
