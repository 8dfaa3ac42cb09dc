"""After a time, the sweep cleans up after destinations that are no longer configured."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.delivery import removed as removed_module
from gateway.delivery import sweep as sweep_module
from gateway.delivery.removed import forget_ledger, forget_removed
from gateway.delivery.sweep import sweep_forever
from gateway.queue import feed as feed_module
from gateway.queue.entry import encode
from gateway.queue.gateways import Announcer
from gateway.queue.read import Reader, ensure_group
from gateway.queue.remembered import note_configured, remember
from gateway.queue.submitted import Tickets
from gateway.system.tasks import cancel_and_wait
from tests.support.dead_letters import bury
from tests.support.events import decisions, make_event
from tests.support.keys import ADS, BOOKS, KEYS

pytestmark = pytest.mark.anyio

DAY = 86_400
SETTINGS = parse_settings("""
ledger: {enabled: false}
sources: {site: {type: collect}}
destinations:
  ads: {type: webhook, url: "http://127.0.0.1:9/"}
""")


async def add(redis: Redis, days_ago: float, destination: str = "books") -> None:
    """Adds a pending event that has waited for `days_ago` days."""
    (decision,) = decisions(1)
    keys = KEYS.destination(destination)
    at = int(1000 * (time.time() - days_ago * DAY))
    await redis.xadd(keys.stream, {"e": encode(decision, decision.event, ())}, id=f"{at}-*")  # type: ignore[arg-type]
    await redis.hincrby(keys.counts, "accepted", 1)


async def once_configured(redis: Redis) -> None:
    await remember(redis, KEYS, ["ads", "books"])


async def counts(redis: Redis) -> dict[str, int]:
    names = ["accepted", "withheld"]
    found = await redis.hmget(BOOKS.counts, names)
    return {name: int(number or 0) for name, number in zip(names, found, strict=True)}


async def test_what_has_waited_for_seven_days_is_withheld(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(removed_module, "PAGE", 2)
    for days in (9, 8.5, 8, 7.1, 6.9, 1):
        await add(redis, days)
    await ensure_group(redis, BOOKS)
    await Reader(redis, BOOKS, "killed").new(2, None)  # a drain had these
    await redis.set(BOOKS.error, "its last failure")
    await once_configured(redis)
    await forget_removed(redis, SETTINGS, time.time())
    assert await counts(redis) == {"accepted": 6, "withheld": 4}
    assert await redis.hget(BOOKS.counts, "withheld:delivery:removed") == b"4"
    assert await redis.xlen(BOOKS.stream) == 2
    assert not await redis.exists(BOOKS.error)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "books is no longer configured: 4 events" in record.getMessage()
    await forget_removed(redis, SETTINGS, time.time())
    assert await counts(redis) == {"accepted": 6, "withheld": 4}
    assert len(caplog.records) == 1
    await forget_removed(redis, SETTINGS, time.time() + 7 * DAY)
    assert await redis.xlen(BOOKS.stream) == 0
    await forget_removed(redis, SETTINGS, time.time())
    assert await redis.smembers(KEYS.destinations) == {b"ads"}  # nothing of it is left to forget


async def test_the_seven_days_begin_when_it_is_removed(redis: Redis) -> None:
    """Its events may have waited much longer, such as for a new token."""
    await add(redis, 20)
    await note_configured(redis, KEYS, ["ads", "books"], time.time() - 6.9 * DAY)
    await forget_removed(redis, SETTINGS, time.time())
    assert await redis.xlen(BOOKS.stream) == 1
    await forget_removed(redis, SETTINGS, time.time() + 0.2 * DAY)
    assert await redis.xlen(BOOKS.stream) == 0
    await forget_removed(redis, SETTINGS, time.time())
    assert await redis.hkeys(KEYS.configured) == [b"ads"]


async def test_what_a_gateway_has_is_left_alone(redis: Redis) -> None:
    await add(redis, 9, "ads")
    await add(redis, 9, "books")
    await once_configured(redis)
    await Announcer(redis, KEYS, ["ads", "books"]).renew()
    await forget_removed(redis, SETTINGS, time.time())
    assert await redis.xlen(ADS.stream) == await redis.xlen(BOOKS.stream) == 1


async def test_dead_letters_go_by_their_age_alone(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removed_module, "MAX_REMOVED", 1)
    ages = 40, 31, 29, 1
    await bury(redis, "books", [make_event(number) for number in range(len(ages))], trusted=True)
    letters = [fields for _, fields in await redis.xrange(BOOKS.dead)]
    await redis.delete(BOOKS.dead)
    for days, letter in zip(ages, letters, strict=True):
        at = int(1000 * (time.time() - days * DAY))
        await redis.xadd(BOOKS.dead, letter, id=f"{at}-1")
    await once_configured(redis)
    await forget_removed(redis, SETTINGS, time.time())
    assert await redis.xlen(BOOKS.dead) == 2
    assert await redis.hget(BOOKS.counts, "removed:age") == b"2"


async def test_the_sweep_looks_for_them_after_an_hour(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "SWEEP_SECONDS", 0.01)
    await add(redis, 9)
    await remember(redis, KEYS, ["books"])
    await redis.xadd(KEYS.feed, {"d": ""}, id="1-1")
    sweeping = asyncio.create_task(sweep_forever(SETTINGS, redis_url))
    try:
        async with asyncio.timeout(60):
            while await redis.smembers(KEYS.destinations) != {b"ads", b"books"}:
                await asyncio.sleep(0.01)
            assert await redis.xlen(BOOKS.stream) == 1  # not at once
            assert await redis.hkeys(KEYS.configured) == [b"ads"]
            monkeypatch.setattr(sweep_module, "REMOVED_SECONDS", 0.0)
            while await redis.xlen(BOOKS.stream) or await redis.xlen(KEYS.feed):
                await asyncio.sleep(0.01)
    finally:
        await cancel_and_wait(sweeping)


@pytest.mark.parametrize(("enabled", "left"), [(False, 2), (True, 5)])
async def test_what_has_waited_for_a_ledger_that_was_switched_off(
    redis: Redis, enabled: bool, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "READ", 2)
    for days in (9, 8, 7.1, 6.9, 1):
        at = int(1000 * (time.time() - days * DAY))
        await redis.xadd(KEYS.feed, {"d": "who it is about"}, id=f"{at}-*")
        await redis.hincrby(KEYS.counts, "feed_bytes", len("dwho it is about"))
    ledger = SETTINGS.ledger.model_copy(update={"enabled": enabled})
    await forget_ledger(redis, SETTINGS.model_copy(update={"ledger": ledger}), time.time())
    assert await redis.xlen(KEYS.feed) == left
    size, removed = await redis.hmget(KEYS.counts, ["feed_bytes", "feed_dropped"])
    assert int(size or 0) == left * len("dwho it is about")
    assert int(removed or 0) == 5 - left


async def test_what_the_vendor_has_is_not_called_withheld(redis: Redis) -> None:
    await ensure_group(redis, BOOKS)
    for days in (9, 8):
        await add(redis, days)
    (first, _) = (await Reader(redis, BOOKS, "drain").new(2, None)).entries
    await Tickets(redis, BOOKS, "drain").submit("t", 60, [first.id])
    await once_configured(redis)

    await forget_removed(redis, SETTINGS, time.time())

    assert await counts(redis) == {"accepted": 2, "withheld": 1}
    assert await redis.hmget(BOOKS.counts, ["delivered", "warned", "submitted"]) == [
        b"1",
        b"1",
        None,
    ]
    assert not await redis.exists(BOOKS.tickets, BOOKS.polls)
