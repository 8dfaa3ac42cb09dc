"""Capacity: intake closes to untrusted senders first, and the log says once to whom and why."""

from __future__ import annotations

import logging
import time

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.load import parse_settings
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import UNTIL_NOW
from gateway.queue.bounds import OPEN, Limits
from gateway.queue.capacity import CALM_SECONDS, CapacityWatch, read_memory_usage, read_usage
from gateway.queue.marks import count_keys
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from tests.support.dead_letters import append, bury
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.valkey_server import Valkey

pytestmark = pytest.mark.anyio

LIMITS = Limits({"ads": DeliverySettings(max_pending=5), "books": DeliverySettings()})


async def test_pending_events_and_their_bytes_are_read(redis: Redis) -> None:
    assert (await read_usage(redis, KEYS, LIMITS)).pending == {"ads": (0, 0), "books": (0, 0)}
    await append(redis, "ads", [make_event(n) for n in range(5)])
    rows = await redis.xrange(ADS.stream)
    size = sum(len(fields[b"e"]) for _, fields in rows)
    assert (await read_usage(redis, KEYS, LIMITS)).pending == {"ads": (5, size), "books": (0, 0)}


async def test_dead_letters_are_not_pending(redis: Redis) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(30)])
    assert (await read_usage(redis, KEYS, LIMITS)).pending["ads"] == (0, 0)


async def test_the_size_of_what_is_left_is_right_after_an_upgrade(redis: Redis) -> None:
    """Entries of an earlier version were not counted when they were appended."""
    await append(redis, "ads", [make_event(1)])
    await redis.hincrby(ADS.counts, "pending_bytes", -10_000)
    assert (await read_usage(redis, KEYS, LIMITS)).pending["ads"] == (1, 0)
    await bury(redis, "ads", [make_event(2)])
    await redis.delete(ADS.stream)
    await bury(redis, "ads", [make_event(3)])
    assert await redis.hget(ADS.counts, "pending_bytes") is None


@pytest.mark.parametrize("window", [5, 60, 604_800])
async def test_marks_against_repetition_are_counted_until_they_expire(
    redis: Redis, window: int
) -> None:
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(dedupe=window))
    limits = Limits(LIMITS.destinations, window=window)
    for _ in range(2):
        await appender.append([decide(make_event(n), ["ads"]) for n in range(10)])
    lifetimes = [await redis.pttl(key) async for key in redis.scan_iter(f"{ADS.seen}#*")]
    assert lifetimes
    assert all(0 < each <= 1000 * window * 9 / 8 + 1 for each in lifetimes)
    if window > 5:
        assert (await read_usage(redis, KEYS, limits)).marks == {"ads": 10, "books": 0}


async def test_a_visitor_who_denies_again_counts_once(redis: Redis) -> None:
    limits = Limits(LIMITS.destinations, withdrawals=True)
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(withdrawal=604_800))
    for _ in range(3):
        for visitors in (["anna"], ["anna", "bert"]):
            batch = appender.batch_of([])
            batch.denied = {each: {"ad_storage": UNTIL_NOW} for each in visitors}
            await appender.write([batch])
    assert (await read_usage(redis, KEYS, limits)).withdrawals == 2


async def test_a_withdrawal_of_long_ago_moves_to_the_present_when_it_is_renewed(
    redis: Redis,
) -> None:
    week = 604_800
    limits = Limits(LIMITS.destinations, withdrawals=True)
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(withdrawal=week))
    batch = appender.batch_of([])
    batch.denied = {"anna": {"ad_storage": UNTIL_NOW}}
    await appender.write([batch])
    (key,) = [key async for key in redis.scan_iter(f"{KEYS.withdrawn}#*")]
    earlier = f"{KEYS.withdrawn}#{int(key.decode().rpartition('#')[2]) - 4}"
    await redis.rename(key, earlier)
    await redis.pexpire(f"{KEYS.withdrawn}anna", 1000 * week // 2)
    await appender.write([batch])
    assert (await redis.get(earlier), await redis.get(key)) == (b"0", b"1")
    assert (await read_usage(redis, KEYS, limits)).withdrawals == 1


async def test_the_limit_of_memory_is_that_of_redis(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1_000_000_000)
    memory = await read_memory_usage(redis)
    await redis.config_set("maxmemory", 0)
    assert memory is not None
    assert memory.limit == 1_000_000_000
    assert memory.used > 100_000
    assert memory.system > 100_000_000
    unbounded = await read_memory_usage(redis)
    assert unbounded is not None
    assert (unbounded.limit, unbounded.share, unbounded.to_share) == (0, 0.0, memory.system // 2)


async def test_the_limits_are_those_of_the_configuration() -> None:
    text = """
server: {hash_salt: a-salt-of-the-shop}
dedupe_window: 60
consent: {hold: {max_events: 7, max_bytes: 8}, withdrawals: true}
sources: {site: {type: collect}}
destinations:
  ads: {type: webhook, url: "https://ads.example/", delivery: {max_pending_bytes: 9}}
"""
    limits = Limits.of(parse_settings(text, environment={}))
    assert (limits.hold, limits.withdrawals, limits.window) == ((7, 8), True, 60)
    assert limits.destinations["ads"].max_pending_bytes == 9


class Watched:
    """A capacity watch with its own clock, and what it logs."""

    def __init__(self, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
        self.redis, self.now, self._caplog = redis, 1000.0, caplog
        self._watch = CapacityWatch(redis, KEYS, LIMITS, lambda: self.now)

    async def look(self, later: float = 1.0) -> list[tuple[int, str]]:
        """Looks `later` seconds after the last time. Returns the level and text of each record."""
        self.now += later
        self._caplog.clear()
        self.closed = await self._watch.look()
        return [(record.levelno, record.getMessage()) for record in self._caplog.records]

    async def keep(self, pending: int) -> None:
        """Makes the number of pending events `pending`."""
        key = ADS.stream
        await self.redis.delete(key)
        for _ in range(pending):
            await self.redis.xadd(key, {"e": "{}"})


@pytest.fixture
def watched(redis: Redis, caplog: pytest.LogCaptureFixture) -> Watched:
    return Watched(redis, caplog)


def reached(pending: int, senders: str) -> tuple[int, str]:
    words = f"limit reached: ads: {pending} of 5 pending events"
    return logging.ERROR, f"{words}; events of {senders} senders are refused (503)"


REACHED = [reached(5, "untrusted"), reached(5, "trusted")]
OVER = [
    (logging.WARNING, f"limit no longer reached for {senders} senders: ads")
    for senders in ("untrusted", "trusted")
]


async def test_a_limit_is_told_when_it_is_reached_and_when_that_is_over(watched: Watched) -> None:
    assert await watched.look() == []
    await watched.keep(4)
    assert await watched.look() == [reached(4, "untrusted")]
    assert ([*watched.closed.untrusted], [*watched.closed.trusted]) == (["ads"], [])
    await watched.keep(5)
    assert await watched.look() == [reached(5, "trusted")]
    assert ([*watched.closed.untrusted], [*watched.closed.trusted]) == (["ads"], ["ads"])
    assert await watched.look() == []
    await watched.keep(3)
    assert await watched.look() == []
    assert watched.closed == OPEN
    assert await watched.look(CALM_SECONDS) == OVER
    assert await watched.look() == []
    await watched.keep(5)
    assert await watched.look() == REACHED


async def test_full_and_not_full_by_turns_is_told_once(watched: Watched) -> None:
    told = []
    for number in range(100):
        await watched.keep(5 if number % 2 == 0 else 3)
        told += await watched.look()
    assert told == REACHED


async def test_it_is_told_that_strangers_leave_no_marks(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    watch = CapacityWatch(redis, KEYS, Limits({"ads": DeliverySettings()}, window=60))
    await redis.config_set("maxmemory", 1_000_000_000)
    try:
        await redis.set(count_keys(ADS.seen, 60, time.time())[-2], 2_500_000)
        closed = await watch.look()
    finally:
        await redis.config_set("maxmemory", 0)
    assert (closed.untrusted, closed.trusted, [*closed.unmarked]) == ({}, {}, ["ads"])
    [line] = caplog.messages
    assert line.startswith("limit reached: ads: 250000000 of 300000000 bytes of marks")
    assert "accepted without a mark" in line


async def test_a_user_who_may_not_ask_for_memory_is_told_once_and_the_rest_works(
    redis: Redis, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    rules = ("on", ">word", "~*", "+@all", "-info", "-config")
    await redis.execute_command("ACL", "SETUSER", "plain", *rules)
    url = valkey.url.replace("unix://", "unix://plain:word@")
    try:
        async with connect_for_intake(url) as plain:
            watched = Watched(plain, caplog)
            ((level, message),) = await watched.look()
            assert level == logging.WARNING
            assert "INFO" in message
            await watched.keep(5)
            assert await watched.look() == REACHED
            assert [*watched.closed.trusted] == ["ads"]
            await redis.execute_command("ACL", "SETUSER", "plain", "+info")
            assert await watched.look() == []
            assert await read_memory_usage(plain) is not None
    finally:
        await redis.execute_command("ACL", "DELUSER", "plain")
