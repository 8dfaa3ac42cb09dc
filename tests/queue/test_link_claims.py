"""A link between domains is claimed by one request, and its mark expires with the link."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.link_claims import claim_link
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


async def test_of_many_requests_at_once_one_claims_it(redis: Redis) -> None:
    claims = [claim_link(redis, KEYS, "a", 60, "") for _ in range(20)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 19 + [True]


async def test_links_do_not_stand_in_each_other_s_way(redis: Redis) -> None:
    assert await claim_link(redis, KEYS, "a", 60, "")
    assert await claim_link(redis, KEYS, "b", 60, "")
    assert await claim_link(redis, Keys("staging"), "a", 60, "")


async def test_the_mark_expires_with_the_link(redis: Redis) -> None:
    await claim_link(redis, KEYS, "a", 60, "")
    assert 50_000 < await redis.pttl("gw:link:a") <= 60_000
    await claim_link(redis, KEYS, "a", 600, "")
    assert await redis.pttl("gw:link:a") <= 60_000


async def test_who_claimed_it_may_claim_it_again(redis: Redis) -> None:
    assert await claim_link(redis, KEYS, "a", 60, "event 1")
    assert not await claim_link(redis, KEYS, "a", 60, "event 2")
    assert not await claim_link(redis, KEYS, "a", 60, "")
    assert await claim_link(redis, KEYS, "a", 60, "event 1")
    assert await claim_link(redis, KEYS, "b", 60, "")
    assert not await claim_link(redis, KEYS, "b", 60, "")
    assert b"event 1" not in await redis.get("gw:link:a")
