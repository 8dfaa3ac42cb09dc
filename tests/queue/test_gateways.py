"""A gateway with other destinations is refused while another is at work in its namespace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from gateway.queue import gateways
from gateway.queue.gateways import Announcer, NamespaceTaken, announced_destinations
from gateway.queue.keys import Keys
from gateway.system.tasks import cancel_and_wait
from tests.support.keys import KEYS

pytestmark = pytest.mark.anyio


@pytest.fixture
def short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announcements expire soon, so that tests are short."""
    monkeypatch.setattr(gateways, "ANNOUNCED_SECONDS", 0.5)


class AtWork:
    """A gateway that is at work within an `async with` block."""

    def __init__(self, redis: Redis, keys: Keys, destinations: Sequence[str]) -> None:
        self._announcer = Announcer(redis, keys, destinations)

    async def __aenter__(self) -> None:
        await self._announcer.renew()
        self._renewing = asyncio.create_task(self._renew())

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(self._renewing)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            await self._announcer.renew()


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        (["ads", "books"], ["books", "ads"], False),
        (["ads", "books"], ["ads", "books", "crm"], False),
        (["ads", "books", "crm"], ["books"], False),
        (["ads", "books"], [], False),
        ([], ["ads"], False),
        (["ads"], ["books"], True),
        (["ads", "books"], ["books", "crm"], True),
        (["ads", "books", "crm"], ["ads", "dsp"], True),
    ],
)
async def test_one_set_must_contain_the_other(
    redis: Redis, first: list[str], second: list[str], is_refused: bool
) -> None:
    async with AtWork(redis, KEYS, first):
        entering = Announcer(redis, KEYS, second).enter()
        if not is_refused:
            await entering
            return
        with pytest.raises(NamespaceTaken) as refusal:
            await entering
    for words in (f"It has {', '.join(first)};", f"this one has {', '.join(second)}.", "'gw'"):
        assert words in str(refusal.value)
    assert "redis.namespace: staging" in str(refusal.value)


async def test_another_namespace_is_another_matter(redis: Redis) -> None:
    async with AtWork(redis, KEYS, ["ads"]):
        await Announcer(redis, Keys("staging"), ["books"]).enter()
        assert set(await redis.keys()) == {b"gw:gateways", b"staging:gateways"}


@pytest.mark.usefixtures("short_lived")
async def test_a_gateway_that_has_just_ended_is_waited_for(redis: Redis) -> None:
    async with AtWork(redis, KEYS, ["ads"]):
        pass
    await Announcer(redis, KEYS, ["books"]).enter()
    assert await redis.zrange(KEYS.gateways, 0, -1) == [b'["books"]']


async def test_one_from_before_the_clock_was_set_back_stops_nobody(redis: Redis) -> None:
    await Announcer(redis, KEYS, ["ads"]).renew()
    await redis.zincrby(KEYS.gateways, 2 * 3_600_000, '["ads"]')
    await Announcer(redis, KEYS, ["books"]).enter()
    assert await announced_destinations(redis, KEYS) == {"books"}


async def test_one_that_is_refused_does_not_stay_announced(redis: Redis) -> None:
    async with AtWork(redis, KEYS, ["ads"]):
        with pytest.raises(NamespaceTaken):
            await Announcer(redis, KEYS, ["books"]).enter()
        assert await redis.zrange(KEYS.gateways, 0, -1) == [b'["ads"]']


async def test_of_two_that_start_at_once_one_is_refused(redis: Redis) -> None:
    async def start(name: str) -> bool:
        announcer = Announcer(redis, KEYS, [name])
        try:
            await announcer.enter()
        except NamespaceTaken:
            return False
        for _ in range(6):
            await announcer.renew()
            await asyncio.sleep(0.5)
        return True

    assert sorted(await asyncio.gather(start("ads"), start("books"))) == [False, True]


async def test_all_processes_of_a_gateway_are_one_announcement_which_expires(redis: Redis) -> None:
    announcers = [Announcer(redis, KEYS, ["ads", "books"]) for _ in range(20)]
    await asyncio.gather(*(each.renew() for each in announcers))
    assert await redis.zcard(KEYS.gateways) == 1
    assert 0 < await redis.pttl(KEYS.gateways) <= 1000 * gateways.ANNOUNCED_SECONDS
    async with asyncio.timeout(60):
        while await redis.exists(KEYS.gateways):
            await asyncio.sleep(0.02)


async def test_a_conflict_of_gateways_at_work_is_logged_once_if_it_lasts(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """For example, after the configuration of one of them has changed."""
    times = iter([0.0, 1.0, 29.0, 30.0, 31.0, 99.0])
    other = Announcer(redis, KEYS, ["books"], lambda: next(times))
    logged = []
    async with AtWork(redis, KEYS, ["ads"]):
        for _ in range(6):
            await other.renew()
            logged.append([each.levelno for each in caplog.records])
    assert logged == [[], [], [], [logging.ERROR], [logging.ERROR], [logging.ERROR]]
    assert "It has ads; this one has books." in caplog.text


@pytest.mark.usefixtures("short_lived")
async def test_what_is_left_of_an_earlier_configuration_is_not_logged(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    async with AtWork(redis, KEYS, ["ads"]):
        changed = Announcer(redis, KEYS, ["books"], lambda: now)
        await changed.renew()
    async with asyncio.timeout(60):
        while await redis.zcard(KEYS.gateways) > 1:
            await asyncio.sleep(0.02)
            await changed.renew()
    now = 60.0
    await changed.renew()
    assert caplog.records == []


async def test_gateways_are_announced_when_memory_is_full(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        await Announcer(redis, KEYS, ["ads"]).enter()
        with pytest.raises(NamespaceTaken):
            async with AtWork(redis, KEYS, ["ads"]):
                await Announcer(redis, KEYS, ["books"]).enter()
    finally:
        await redis.config_set("maxmemory", 0)
