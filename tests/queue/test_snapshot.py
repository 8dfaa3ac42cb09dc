"""A snapshot reads a feed of any length without keeping Redis from other work for long."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.queue import feed as feed_module
from gateway.queue.feed import PAGE_BYTES, Feed
from gateway.queue.snapshot import read_snapshot
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


async def fill(redis: Redis, count: int, size: int) -> list[str]:
    """Adds records to the feed, and returns their ids."""
    pipeline = redis.pipeline(transaction=False)
    for _ in range(count):
        pipeline.xadd(KEYS.feed, {"d": b"x" * size})
    return [record_id.decode() for record_id in await pipeline.execute()]


def bytes_of(answer: Any) -> int:
    if isinstance(answer, bytes):
        return len(answer)
    if isinstance(answer, dict):
        return bytes_of([*answer.items()])
    return sum(map(bytes_of, answer)) if isinstance(answer, list | tuple) else 0


@pytest.fixture
def answers(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The answers of Redis to all further calls."""
    given: list[Any] = []
    execute: Any = redis.execute_command

    async def watched(*words: Any, **options: Any) -> Any:
        given.append(await execute(*words, **options))
        return given[-1]

    monkeypatch.setattr(redis, "execute_command", watched)
    return given


async def test_no_call_reads_more_records_than_a_page_has(
    redis: Redis, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MAX_PAGE", 10)
    ids = await fill(redis, 45, 100)
    snapshot = await read_snapshot(Feed(redis, KEYS))
    assert [record.id for record in snapshot.records] == ids
    assert snapshot.newest == ids[-1]
    assert max(map(bytes_of, answers)) < 10 * 150


async def test_no_call_reads_more_bytes_than_a_page_has(redis: Redis, answers: list[Any]) -> None:
    ids = await fill(redis, 40, PAGE_BYTES // 8)
    snapshot = await read_snapshot(Feed(redis, KEYS))
    assert [record.id for record in snapshot.records] == ids
    assert max(map(bytes_of, answers)) <= PAGE_BYTES


async def test_a_record_larger_than_a_page_is_read(redis: Redis) -> None:
    ids = await fill(redis, 2, 2 * PAGE_BYTES)
    assert [record.id for record in (await read_snapshot(Feed(redis, KEYS))).records] == ids


async def test_records_that_come_while_it_reads_are_left_out(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MAX_PAGE", 2)
    ids = await fill(redis, 5, 10)
    xrange = redis.xrange

    async def busy(*words: Any) -> Any:
        await fill(redis, 1, 10)
        return await xrange(*words)

    monkeypatch.setattr(redis, "xrange", busy)
    snapshot = await read_snapshot(Feed(redis, KEYS))
    assert [record.id for record in snapshot.records] == ids


async def test_an_empty_feed_has_no_newest_record(redis: Redis) -> None:
    snapshot = await read_snapshot(Feed(redis, KEYS))
    assert (snapshot.newest, snapshot.records) == ("", [])
