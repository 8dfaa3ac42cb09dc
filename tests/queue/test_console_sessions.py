"""Console sessions and one-time links: they expire, a link works once, and no token is stored."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.queue.console_sessions import IDLE_SECONDS, LINK_SECONDS, ConsoleSessions
from gateway.queue.keys import Keys
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio

IDLE_MS, HOUR = 1000 * IDLE_SECONDS, 3600


@pytest.fixture
def sessions(redis: Redis) -> ConsoleSessions:
    return ConsoleSessions(redis, KEYS)


async def only_key(redis: Redis) -> str:
    (key,) = await redis.keys("*")
    return bytes(key).decode()


async def test_a_session_has_its_data_until_it_ends(sessions: ConsoleSessions) -> None:
    token, other = await sessions.start(b"a", 12 * HOUR), await sessions.start(b"b", 12 * HOUR)
    assert token != other
    assert (await sessions.read(token), await sessions.read(other)) == (b"a", b"b")
    await sessions.end(token)
    await sessions.end(token)
    assert (await sessions.read(token), await sessions.read(other)) == (None, b"b")


@pytest.mark.parametrize("token", ["", "a", "a" * 43, "a" * 10_000, "*", "é" * 43, "a" * 42 + "\n"])
async def test_what_is_no_token_has_no_session(sessions: ConsoleSessions, token: str) -> None:
    await sessions.start(b"a", HOUR)
    assert await sessions.read(token) is None
    assert not await sessions.use_link(token)
    await sessions.end(token)


async def test_no_token_is_stored(sessions: ConsoleSessions, redis: Redis) -> None:
    tokens = [await sessions.start(b"a", HOUR), await sessions.make_link()]
    stored = b" ".join(await redis.keys("*")).decode()
    assert len(stored.split()) == 2
    assert not any(token in stored for token in tokens)


async def test_a_request_lengthens_a_session_but_not_beyond_its_end(
    sessions: ConsoleSessions, redis: Redis
) -> None:
    token = await sessions.start(b"a", 12 * HOUR)
    key = await only_key(redis)
    await redis.pexpire(key, 60_000)
    await sessions.read(token)
    assert IDLE_MS - 60_000 < await redis.pttl(key) <= IDLE_MS
    await redis.hincrby(key, "ends", -11 * HOUR * 1000)
    await sessions.read(token)
    assert await redis.pttl(key) <= HOUR * 1000
    await redis.hincrby(key, "ends", -HOUR * 1000)
    assert await sessions.read(token) is None
    assert await redis.keys("*") == []


async def test_a_short_session_expires_with_its_end(
    sessions: ConsoleSessions, redis: Redis
) -> None:
    await sessions.start(b"a", HOUR)
    assert 0 < await redis.pttl(await only_key(redis)) <= HOUR * 1000


async def test_all_that_have_started_can_be_ended_at_once(sessions: ConsoleSessions) -> None:
    token = await sessions.start(b"a", HOUR)
    await sessions.end_all()
    assert await sessions.read(token) is None
    await asyncio.sleep(0.005)
    assert await sessions.read(await sessions.start(b"b", HOUR)) == b"b"


async def test_links_end_with_all_sessions(sessions: ConsoleSessions) -> None:
    link = await sessions.make_link()
    await sessions.end_all()
    assert not await sessions.use_link(link)
    await asyncio.sleep(0.005)
    assert await sessions.use_link(await sessions.make_link())


async def test_of_many_requests_one_uses_a_link(sessions: ConsoleSessions) -> None:
    token = await sessions.make_link()
    used = await asyncio.gather(*(sessions.use_link(token) for _ in range(20)))
    assert sorted(used) == [False] * 19 + [True]
    assert not await sessions.use_link(token)


async def test_a_link_expires_and_is_no_session(sessions: ConsoleSessions, redis: Redis) -> None:
    token = await sessions.make_link()
    assert 0 < await redis.pttl(await only_key(redis)) <= 1000 * LINK_SECONDS
    assert await sessions.read(token) is None
    assert not await sessions.use_link(await sessions.start(b"a", HOUR))


async def test_a_name_is_claimed_once(sessions: ConsoleSessions) -> None:
    claims = await asyncio.gather(*(sessions.claim("a", 60) for _ in range(10)))
    assert sorted(claims) == [False] * 9 + [True]
    assert await sessions.claim("b", 60)


async def test_namespaces_share_nothing(sessions: ConsoleSessions, redis: Redis) -> None:
    token, link = await sessions.start(b"a", HOUR), await sessions.make_link()
    other = ConsoleSessions(redis, Keys("staging"))
    assert await other.read(token) is None
    assert not await other.use_link(link)


async def test_operators_get_in_when_memory_is_full(
    sessions: ConsoleSessions, redis: Redis
) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        assert await sessions.use_link(await sessions.make_link())
        token = await sessions.start(b"a", HOUR)
        assert await sessions.read(token) == b"a"
        await sessions.end_all()
        assert await sessions.read(token) is None
        assert await sessions.claim("a", 60)
    finally:
        await redis.config_set("maxmemory", 0)
