"""Room: what is full is told to the log once, and intake is shut for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from dead import append, bury
from made import make_event
from redis.asyncio import Redis
from valkey_server import Valkey

from gateway.delivery.policy import DeliverySettings
from gateway.queue.connect import connect_for_intake
from gateway.queue.keys import DestinationKeys
from gateway.queue.room import CALM_SECONDS, Memory, RoomWatch, full_of, read_memory, what_is_full

pytestmark = pytest.mark.anyio

LIMITS = {
    "ads": DeliverySettings(max_pending=5, max_dead_letters=3),
    "books": DeliverySettings(max_pending=100, max_dead_letters=100),
}
NO_MEMORY = "the memory of Redis is nearly full"
PENDING = "ads has 5 pending events, as many as it may have"
DEAD = "ads has 3 dead letters, as many as are kept"


@pytest.mark.parametrize(
    ("memory", "pending", "dead", "full"),
    [
        (None, 0, 0, {}),
        (None, 4, 2, {}),
        (None, 5, 0, {"ads": PENDING}),
        (None, 6, 0, {"ads": PENDING}),
        (None, 0, 3, {"ads": DEAD}),
        (Memory(used=90, limit=90), 0, 0, {}),
        (Memory(used=91, limit=90), 0, 0, {"": NO_MEMORY}),
        (Memory(used=91, limit=0), 0, 0, {}),
        (Memory(used=91, limit=90), 5, 3, {"": NO_MEMORY, "ads": PENDING}),
    ],
)
async def test_what_has_reached_its_limit(
    memory: Memory | None, pending: int, dead: int, full: Mapping[str, str]
) -> None:
    lengths = {"ads": (pending, dead), "books": (pending, dead)}
    assert full_of(memory, lengths, LIMITS) == full


async def test_it_is_read_from_redis(redis: Redis) -> None:
    assert await what_is_full(redis, LIMITS) == {}
    await bury(redis, "ads", [make_event(n) for n in range(3)])
    assert await what_is_full(redis, LIMITS) == {"ads": DEAD}
    await append(redis, "ads", [make_event(n) for n in range(5)])
    assert await what_is_full(redis, LIMITS) == {"ads": PENDING}


async def test_memory_is_full_at_nine_tenths(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1_000_000_000)
    memory = await read_memory(redis)
    await redis.config_set("maxmemory", 0)
    assert memory is not None
    assert memory.limit == 900_000_000
    assert memory.used > 100_000
    assert await read_memory(redis) != memory
    assert not (await read_memory(redis) or memory).is_full


class Watched:
    """A watch with a clock of its own, and what it tells the log."""

    def __init__(self, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
        self.redis, self.now, self._caplog = redis, 1000.0, caplog
        self._watch = RoomWatch(redis, LIMITS, lambda: self.now)

    async def look(self, later: float = 1.0) -> list[tuple[int, str]]:
        """What it tells the log when it looks `later` seconds after the last time."""
        self.now += later
        self._caplog.clear()
        self.full = await self._watch.look()
        return [(record.levelno, record.getMessage()) for record in self._caplog.records]

    async def keep(self, dead: int) -> None:
        """There are `dead` dead letters now."""
        key = DestinationKeys.of("ads").dead
        await self.redis.delete(key)
        for _ in range(dead):
            await self.redis.xadd(key, {"d": "{}"})


@pytest.fixture
def watched(redis: Redis, caplog: pytest.LogCaptureFixture) -> Watched:
    return Watched(redis, caplog)


REACHED = [(logging.ERROR, f"limit reached, events are refused (503): {DEAD}")]
OVER = [(logging.WARNING, "limit no longer reached: ads")]


async def test_a_limit_is_told_when_it_is_reached_and_when_that_is_over(watched: Watched) -> None:
    assert await watched.look() == []
    await watched.keep(3)
    assert await watched.look() == REACHED
    assert watched.full == {"ads": DEAD}
    assert await watched.look() == []
    await watched.keep(2)
    assert await watched.look() == []
    assert watched.full == {}
    assert await watched.look(CALM_SECONDS) == OVER
    assert await watched.look() == []
    await watched.keep(3)
    assert await watched.look() == REACHED


async def test_full_and_not_full_by_turns_is_told_once(watched: Watched) -> None:
    told = []
    for number in range(100):
        await watched.keep(3 if number % 2 == 0 else 2)
        told += await watched.look()
    assert told == REACHED


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
            await watched.keep(3)
            assert await watched.look() == REACHED
            assert watched.full == {"ads": DEAD}
            await redis.execute_command("ACL", "SETUSER", "plain", "+info")
            assert await watched.look() == []
            assert await read_memory(plain) is not None
    finally:
        await redis.execute_command("ACL", "DELUSER", "plain")
