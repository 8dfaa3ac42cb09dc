"""Sign-in attempts at the console are limited, and strangers do not use up those of others."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.queue import console_attempts as module
from gateway.queue.console_attempts import (
    NAME_IN_NETWORK,
    NETWORK,
    STRANGERS,
    ConsoleAttempts,
)
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


@pytest.fixture
def attempts(redis: Redis) -> ConsoleAttempts:
    return ConsoleAttempts(redis, KEYS)


async def taken(attempts: ConsoleAttempts, name: str, network: str, times: int) -> list[float]:
    """Makes `times` attempts at once. Returns the seconds to wait for each."""
    return await asyncio.gather(*(attempts.take(name, network) for _ in range(times)))


async def test_a_name_has_few_attempts_in_a_network(attempts: ConsoleAttempts) -> None:
    waits = await taken(attempts, "anna", "203.0.113.7", 30)
    assert waits.count(0) == NAME_IN_NETWORK.attempts
    assert 0 < max(waits) <= NAME_IN_NETWORK.seconds
    assert await attempts.take("ben", "203.0.113.7") == 0
    assert await attempts.take("anna", "198.51.100.1") == 0


async def test_a_network_has_few_attempts_with_all_names(attempts: ConsoleAttempts) -> None:
    waits = [await attempts.take(f"user-{n}", "203.0.113.7") for n in range(NETWORK.attempts + 9)]
    assert waits.count(0) == NETWORK.attempts
    assert 0 < max(waits) <= NETWORK.seconds
    assert await attempts.take("anna", "198.51.100.1") == 0


async def test_what_is_refused_takes_nothing(attempts: ConsoleAttempts, redis: Redis) -> None:
    await taken(attempts, "anna", "203.0.113.7", NAME_IN_NETWORK.attempts)
    before = {key: await redis.get(key) for key in await redis.keys("*")}
    assert min(await taken(attempts, "anna", "203.0.113.7", 20)) > 0
    assert {key: await redis.get(key) for key in await redis.keys("*")} == before


async def test_strangers_share_a_pace_that_a_known_network_does_not_need(
    attempts: ConsoleAttempts, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = STRANGERS._replace(seconds=3600)  # no attempt is given back during the test
    monkeypatch.setattr(module, "STRANGERS", pace)
    assert await attempts.take("anna", "198.51.100.1") == 0
    await attempts.succeeded("anna", "198.51.100.1")
    flood = [await attempts.take("anna", f"203.0.{n}.7") for n in range(pace.attempts + 20)]
    assert flood.count(0) == pace.attempts - 1
    assert await attempts.take("anna", "192.0.2.1") > 0
    assert await attempts.take("anna", "198.51.100.1") == 0
    assert await attempts.take("ben", "198.51.100.1") > 0
    assert len(await redis.keys("*")) <= 2 * pace.attempts + 5


async def test_attempts_from_before_the_clock_was_set_back_lock_nobody_out(
    attempts: ConsoleAttempts, redis: Redis
) -> None:
    await taken(attempts, "anna", "203.0.113.7", NAME_IN_NETWORK.attempts)
    for key in await redis.keys("*:pace:*"):
        await redis.incrby(key, 2 * 3_600_000)
    waits = await taken(attempts, "anna", "203.0.113.7", 30)
    assert waits.count(0) == NAME_IN_NETWORK.attempts
    assert 0 < max(waits) <= NAME_IN_NETWORK.seconds


async def test_who_signs_in_gets_the_attempts_back(attempts: ConsoleAttempts) -> None:
    await taken(attempts, "anna", "203.0.113.7", NAME_IN_NETWORK.attempts)
    assert await attempts.take("anna", "203.0.113.7") > 0
    await attempts.succeeded("anna", "203.0.113.7")
    assert await attempts.take("anna", "203.0.113.7") == 0


async def test_all_that_is_stored_expires(attempts: ConsoleAttempts, redis: Redis) -> None:
    await attempts.take("anna", "203.0.113.7")
    await attempts.refused("anna")
    await attempts.refused("anna")
    await attempts.succeeded("ben", "203.0.113.7")
    lives = [await redis.ttl(key) for key in await redis.keys("*")]
    assert lives
    assert all(0 < life <= 30 * 86_400 for life in lives)


async def test_the_log_counts_every_refusal_in_few_lines(
    attempts: ConsoleAttempts, redis: Redis
) -> None:
    assert [await attempts.refused("anna") for _ in range(4)] == [1, 0, 0, 0]
    assert await attempts.refused("ben") == 1
    for key in await redis.keys("*:noted:*"):
        await redis.delete(key)
    assert await attempts.refused("anna") == 4
    assert await attempts.succeeded("anna", "203.0.113.7") == 0


async def test_who_signs_in_learns_of_refusals_that_no_line_counts(
    attempts: ConsoleAttempts,
) -> None:
    for _ in range(3):
        await attempts.refused("anna")
    assert await attempts.succeeded("anna", "203.0.113.7") == 2
    assert await attempts.succeeded("anna", "203.0.113.7") == 0


async def test_attempts_are_counted_when_memory_is_full(
    attempts: ConsoleAttempts, redis: Redis
) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        waits = await taken(attempts, "anna", "203.0.113.7", 10)
        assert waits.count(0) == NAME_IN_NETWORK.attempts
        assert await attempts.refused("anna") == 1
        await attempts.succeeded("anna", "203.0.113.7")
        assert await attempts.take("anna", "203.0.113.7") == 0
    finally:
        await redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("name", ["", "\0", "a" * 60_000, "\ud800", "*"])
async def test_a_name_may_be_anything(attempts: ConsoleAttempts, name: str) -> None:
    assert await attempts.take(name, "203.0.113.7") == 0
