"""Trim: the sweep keeps dead letters within their bounds, and the log says what was removed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.load import parse_settings
from gateway.delivery import sweep as sweep_module
from gateway.delivery import trim as trim_module
from gateway.delivery.sweep import sweep_forever
from gateway.delivery.trim import QuarantineTrimmer, Trimmer, bounds_of, within_memory
from gateway.queue import settle
from gateway.queue.bounds import MemoryUsage
from gateway.queue.stored_events import StoreBounds
from gateway.redis_client.connect import connect_for_work
from gateway.system.tasks import cancel_and_wait
from tests.support.dead_letters import bury
from tests.support.events import make_event
from tests.support.keys import ADS, BOOKS, KEYS
from tests.support.quarantine import set_aside

pytestmark = pytest.mark.anyio

DAY = 86_400
CONFIG = """
sources:
  site: {type: collect}
destinations:
  ads: {type: webhook, url: "http://127.0.0.1:9/", delivery: {max_dead_letters: 3}}
  books: {type: webhook, url: "http://127.0.0.1:9/", delivery: {max_dead_letter_days: 2}}
"""


def test_the_bounds_are_those_of_the_configuration() -> None:
    settings = DeliverySettings(
        max_dead_letters=5, max_dead_letter_bytes=700, max_dead_letter_days=1.5
    )
    assert bounds_of(settings) == StoreBounds(letters=5, size=700, seconds=1.5 * DAY)
    assert bounds_of(DeliverySettings()) == StoreBounds(100_000, 100_000_000, 30 * DAY)


@pytest.mark.parametrize(
    ("memory", "destinations", "size"),
    [
        (None, 1, 1000),
        (MemoryUsage(used=10_000, limit=0), 1, 1000),
        (MemoryUsage(used=600, limit=1000), 1, 1000),
        (MemoryUsage(used=601, limit=1000), 1, 200),
        (MemoryUsage(used=2000, limit=1000), 1, 200),
        (MemoryUsage(used=601, limit=1000), 5, 40),
        (MemoryUsage(used=60_001, limit=100_000), 1, 1000),
    ],
)
def test_while_memory_is_scarce_all_dead_letters_take_a_fifth_of_it(
    memory: MemoryUsage | None, destinations: int, size: int
) -> None:
    bounds = within_memory(StoreBounds(letters=5, size=1000), memory, destinations)
    assert bounds == StoreBounds(letters=5, size=size)


class Trimmed:
    """A trimmer with its own clock, and the messages that it logs."""

    def __init__(self, redis: Redis, caplog: pytest.LogCaptureFixture, **settings: float) -> None:
        self.redis, self.now, self._caplog = redis, 1000.0, caplog
        destinations = {"ads": DeliverySettings(**settings), "books": DeliverySettings()}
        self._trimmer = Trimmer(redis, KEYS, destinations, lambda: self.now)

    async def look(
        self, later: float = 1.0, memory: MemoryUsage | None = None
    ) -> list[tuple[int, str]]:
        """Trims `later` seconds after the last time; returns level and text of each message."""
        self.now += later
        self._caplog.clear()
        await self._trimmer.trim("ads", memory)
        return [(record.levelno, record.getMessage()) for record in self._caplog.records]


def message(what: str) -> str:
    return (
        f"dead letters of ads were removed, and their events are lost: {what}. "
        "Run `gateway dead-letters list --destination ads` to see what fails; "
        "fix it and replay or drop them, or raise the limit"
    )


async def test_what_is_removed_is_said_at_once_and_then_once_a_minute(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    trimmed = Trimmed(redis, caplog, max_dead_letters=3)
    assert await trimmed.look() == []
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    error = (logging.ERROR, message("2 beyond delivery.max_dead_letters"))
    assert await trimmed.look() == [error]
    assert await redis.xlen(ADS.dead) == 3
    for number in range(5, 9):
        await bury(redis, "ads", [make_event(number)])
        assert await trimmed.look() == []
    assert await redis.xlen(ADS.dead) == 3
    error = (logging.ERROR, message("4 beyond delivery.max_dead_letters"))
    assert await trimmed.look(60.0) == [error]
    assert await trimmed.look(600.0) == []


async def test_what_a_drain_removed_is_said_too(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    trimmed = Trimmed(redis, caplog)
    assert await trimmed.look() == []
    await bury(redis, "ads", [make_event(n) for n in range(5)], bounds=StoreBounds(letters=3))
    await bury(redis, "ads", [make_event(5)], bounds=StoreBounds(size=0))
    what = "2 beyond delivery.max_dead_letters, 4 beyond delivery.max_dead_letter_bytes"
    assert await trimmed.look() == [(logging.ERROR, message(what))]


async def test_what_was_removed_before_it_began_is_not_said(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(5)], bounds=StoreBounds(letters=3))
    assert await Trimmed(redis, caplog).look() == []


async def test_that_some_have_become_too_old_is_a_warning(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    trimmed = Trimmed(redis, caplog, max_dead_letter_days=2)
    await trimmed.look()
    await redis.xadd(ADS.dead, {"d": "{}"}, id=f"{int(1000 * (time.time() - 3 * DAY))}-0")
    warning = (logging.WARNING, message("1 beyond delivery.max_dead_letter_days"))
    assert await trimmed.look() == [warning]


async def test_one_look_does_a_bounded_amount_of_work(
    redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (settle, trim_module):
        monkeypatch.setattr(module, "MAX_REMOVED", 10)
    monkeypatch.setattr(trim_module, "MAX_STEPS", 3)
    await bury(redis, "ads", [make_event(n) for n in range(100)])
    trimmed = Trimmed(redis, caplog, max_dead_letters=1)
    left = []
    for _ in range(4):
        await trimmed.look()
        left.append(await redis.xlen(ADS.dead))
    assert left == [70, 40, 10, 1]


async def test_while_memory_is_scarce_dead_letters_make_room(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(20)])
    size = int(await redis.hget(ADS.counts, "dead_bytes"))
    trimmed = Trimmed(redis, caplog)
    await trimmed.look(memory=MemoryUsage(used=60, limit=100))
    assert await redis.xlen(ADS.dead) == 20
    await trimmed.look(memory=MemoryUsage(used=8 * size, limit=5 * size))
    half = int(await redis.hget(ADS.counts, "dead_bytes"))  # two destinations share that fifth
    assert 0.4 * size < half <= 0.5 * size


async def test_what_was_removed_because_memory_is_scarce_is_said_to_be(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Even if memory is no longer scarce when it is logged: the removal has made room."""
    trimmed = Trimmed(redis, caplog)
    await trimmed.look()
    await bury(redis, "ads", [make_event(n) for n in range(20)])
    scarce = MemoryUsage(used=8, limit=10)
    what = "20 beyond their share of Redis's memory, of which more than 60 % is used"
    error = message(what).replace("raise the limit", "give Redis more memory")
    assert await trimmed.look(memory=scarce) == [(logging.ERROR, error)]
    await bury(redis, "ads", [make_event(n) for n in range(20)])
    assert await trimmed.look(memory=scarce) == []
    assert await trimmed.look(60.0) == [(logging.ERROR, error)]
    await bury(redis, "ads", [make_event(1)], bounds=StoreBounds(size=0))
    error = message("1 beyond delivery.max_dead_letter_bytes")
    assert await trimmed.look(600.0) == [(logging.ERROR, error)]


# the quarantine


async def test_while_memory_is_scarce_the_quarantine_makes_room_once_told_a_minute(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    trimmer = QuarantineTrimmer(redis, KEYS, lambda: now)
    await trimmer.trim(None)
    await set_aside(redis, [make_event(n) for n in range(10, 30)], trusted=True)
    size = int(await redis.hget(KEYS.counts, "quarantine_bytes"))
    await trimmer.trim(MemoryUsage(used=60, limit=100))
    assert (await redis.xlen(KEYS.quarantine), caplog.records) == (20, [])
    scarce = MemoryUsage(used=8 * size, limit=int(10.4 * size))
    await trimmer.trim(scarce)
    assert await redis.xlen(KEYS.quarantine) == 10
    await set_aside(redis, [make_event(n) for n in range(30, 32)])
    await trimmer.trim(scarce)
    assert await redis.xlen(KEYS.quarantine) == 10
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "and stay withheld: 10 beyond the bytes that it may take." in warning
    now += 60
    await trimmer.trim(scarce)
    assert "withheld: 2 beyond the bytes" in caplog.messages[-1]


# in the sweep


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "SWEEP_SECONDS", 0.02)


async def sweep_until(redis: Redis, url: str, lengths: Mapping[str, int]) -> None:
    """Sweeps until the streams of dead letters have these lengths."""
    sweeping = asyncio.create_task(sweep_forever(parse_settings(CONFIG), url))
    try:
        async with asyncio.timeout(60):
            while {key: await redis.xlen(key) for key in lengths} != lengths:
                assert not sweeping.done()
                await asyncio.sleep(0.01)
    finally:
        await cancel_and_wait(sweeping)


@pytest.mark.parametrize("full", [False, True])
async def test_the_sweep_trims_where_no_drain_is_at_work(
    redis: Redis, redis_url: str, full: bool
) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    for days in (4, 3, 1):
        await redis.xadd(BOOKS.dead, {"d": "{}"}, id=f"{int(1000 * (time.time() - days * DAY))}-0")
    if full:
        await redis.config_set("maxmemory", 1000)
    await sweep_until(redis, redis_url, {ADS.dead: 0 if full else 3, BOOKS.dead: 1})
    await redis.config_set("maxmemory", 0)


async def test_dead_letters_in_disorder_do_not_stop_the_others(
    redis: Redis, redis_url: str
) -> None:
    await redis.set(ADS.dead, "not a stream")
    for days in (3, 1):
        await redis.xadd(BOOKS.dead, {"d": "{}"}, id=f"{int(1000 * (time.time() - days * DAY))}-0")
    await sweep_until(redis, redis_url, {BOOKS.dead: 1})


async def test_a_user_who_may_not_ask_for_memory_trims_too(redis: Redis, redis_url: str) -> None:
    await redis.execute_command(
        "ACL", "SETUSER", "plain", "on", ">word", "~*", "+@all", "-info", "-config"
    )
    await bury(redis, "ads", [make_event(n) for n in range(5)])
    try:
        url = redis_url.replace("unix://", "unix://plain:word@")
        async with connect_for_work(redis_url) as other:
            await sweep_until(other, url, {ADS.dead: 3})
    finally:
        await redis.execute_command("ACL", "DELUSER", "plain")
