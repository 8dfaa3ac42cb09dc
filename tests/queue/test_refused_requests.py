"""The sample of refused requests is small, and no flood displaces requests that keep coming."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from gateway.queue.refused_requests import (
    MAX_OF_GROUP,
    MAX_REQUESTS,
    MAX_SEEN,
    SECONDS,
    RefusedRequest,
    RequestSample,
    read_refused_requests,
    useful_first,
)
from tests.support.keys import KEYS

LOST = RefusedRequest(
    "no_source", "", "segment", "no source", "POST", "/metrics/v1/batch", ("a", "b"), keys=("x",)
)
ODD = replace(LOST, looks_like="unknown")


async def server_time(redis: Redis) -> float:
    return float((await redis.time())[0])


@pytest.mark.anyio
async def test_what_is_alike_is_one_request_with_its_times_and_count(redis: Redis) -> None:
    now = await server_time(redis)
    one, other = RequestSample(redis, KEYS), RequestSample(redis, KEYS)
    for sample, times in ((one, (now - 9, now - 8)), (other, (now - 20, now - 2))):
        for at in times:
            sample.add(LOST, at)
        await sample.flush()
        await sample.flush()
    (read,) = await read_refused_requests(redis, KEYS, now)
    assert read.request == LOST
    assert (read.first, read.last, read.count) == (now - 20, now - 2, 4)
    assert 0 < await redis.ttl(KEYS.refused_requests) <= SECONDS


@pytest.mark.anyio
@pytest.mark.parametrize("looks_like", ["segment", "unknown"])
async def test_a_flood_displaces_nothing_that_comes_again(redis: Redis, looks_like: str) -> None:
    now = await server_time(redis)
    sample = RequestSample(redis, KEYS)
    for second in range(5):
        sample.add(LOST, now)
        sample.add(LOST, now)
        for number in range(300):
            path = f"/{second}/{number}"
            sample.add(replace(LOST, looks_like=looks_like, path=path), now)
        await sample.flush()
    read = await read_refused_requests(redis, KEYS, now)
    assert len(read) == MAX_OF_GROUP + (looks_like == "unknown")
    (found,) = (each for each in read if each.request == LOST)
    assert found.count == 10
    assert useful_first(read)[0].request.looks_like == "segment"


@pytest.mark.anyio
async def test_it_is_bounded_in_all(redis: Redis) -> None:
    now = await server_time(redis)
    for start in range(0, 600, 200):
        sample = RequestSample(redis, KEYS)
        for number in range(start, start + 200):
            sample.add(replace(LOST, source=f"s{number}"), now - 600 + number)
        await sample.flush()
    read = await read_refused_requests(redis, KEYS, now)
    assert len(read) == MAX_REQUESTS


@pytest.mark.anyio
async def test_what_is_old_is_forgotten(redis: Redis) -> None:
    now = await server_time(redis)
    sample = RequestSample(redis, KEYS)
    sample.add(ODD, now - SECONDS - 1)
    await sample.flush()
    assert await read_refused_requests(redis, KEYS, now) == []
    sample.add(LOST, now)
    await sample.flush()
    assert await redis.hlen(KEYS.refused_requests) == 1
    assert await read_refused_requests(redis, KEYS, now + SECONDS) == []


@pytest.mark.anyio
async def test_a_process_looks_at_few_of_a_group_between_two_flushes(redis: Redis) -> None:
    sample = RequestSample(redis, KEYS)
    for group in ("a", "b"):
        assert sum(sample.has_place(group) for _ in range(1000)) == MAX_SEEN
    await sample.flush()
    assert sample.has_place("a")


def test_the_group_is_that_of_the_source_or_of_the_look() -> None:
    assert LOST.group == "no_source:segment"
    assert replace(LOST, source="web", reason="origin", looks_like="").group == "origin:web"
