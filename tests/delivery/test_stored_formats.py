"""Events that an earlier version of the gateway stored end properly after an upgrade.

What it stored is in tests/fixtures/stored; README.md there says how it was recorded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.stay import Patience, Stay
from gateway.delivery.unanswered import end_unanswered
from gateway.operations.quarantine_review import compile_review
from gateway.queue import dead_letters
from gateway.queue.append import Appender, Retention
from gateway.queue.held_consent import due_pages, read_page
from gateway.queue.keys import GROUP
from gateway.queue.lease import Lease
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser, quarantine_of
from gateway.queue.read import ensure_group
from gateway.spool.appender import SpoolingAppender
from gateway.spool.folder import SpoolFolder
from tests.support.destination_numbers import numbers
from tests.support.drains import nobody, run
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Parcel, Vendor
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]
STORED = Path(__file__).parents[1] / "fixtures" / "stored"
EVER = timedelta(days=365 * 1000)
"""The maximum age of events in these tests: the recorded events keep getting older."""
DAY_MS = 24 * 3600 * 1000
IN_STREAM = {"read", "unread", "grant"}
"""The events of the stream that are sent. The visitor of a fourth, `withdrawn`, has since denied
consent."""


@pytest.fixture
def settings() -> Settings:
    return load_settings(STORED / "gateway.yaml", environment={})


@pytest.fixture(autouse=True)
def nothing_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Denials are remembered for longer than the age of the recorded events."""
    monkeypatch.setattr("gateway.queue.held_consent.WITHDRAWAL_SECONDS", EVER.total_seconds())


@pytest.fixture
async def stored(redis: Redis) -> None:
    """Redis holds what the earlier version left there."""
    for key, entry in json.loads((STORED / "redis.json").read_text()).items():
        await _restore(redis, key, entry["type"], entry["value"])
        if "read" in entry:
            await redis.xgroup_create(key, GROUP, id="0")
            await redis.xreadgroup(GROUP, "earlier", {key: ">"}, count=entry["read"])
            ids = [entry_id for entry_id, _ in entry["value"][: entry["read"]]]
            await redis.xclaim(key, GROUP, "earlier", 0, ids, idle=DAY_MS, justid=True)


async def _restore(redis: Redis, key: str, kind: str, value: Any) -> None:
    if kind == "stream":
        for entry_id, fields in value:
            await redis.xadd(key, fields, id=entry_id)
    elif kind == "hash":
        await redis.hset(key, mapping=value)
    elif kind == "list":
        await redis.rpush(key, *value)
    elif kind == "zset":
        await redis.zadd(key, dict(value))
    else:
        await redis.set(key, value)


@pytest.fixture
async def appender(redis: Redis, settings: Settings) -> Appender:
    return Appender(redis, KEYS, PendingCounts(), nobody, Retention.of(settings))  # type: ignore[arg-type]


async def drained(redis: Redis) -> set[str]:
    """Runs a drain; returns the events that it sent, and fails if it sent one twice."""
    vendor = Vendor()
    lease = Lease(redis, ADS, "drain", 8)
    await lease.take()
    delivery = DeliverySettings()
    assignment = Assignment("ads", Parcel(1, EVER), delivery, vendor, ["ad_storage"])
    await run(
        Drain(
            redis,
            KEYS,
            assignment,
            lease,
            Stay(redis, KEYS, Patience(0.15, 60, 60)),
            [].append,
            nobody,
        )
    )
    assert set(vendor.times_sent.values()) == {1}
    return set(vendor.times_sent)


async def counts(redis: Redis) -> dict[str, int]:
    """The counts of endings that are not 0; fails if they do not add up."""
    now = await numbers(redis)
    names = ("withheld", "delivered", "rejected", "expired")
    ended = {name: now.counts.get(name, 0) for name in names}
    assert now.counts.get("accepted", 0) == sum(ended.values()) + now.pending
    found = {**ended, "pending": now.pending}
    return {name: count for name, count in found.items() if count}


@pytest.mark.usefixtures("stored")
async def test_what_waits_in_a_stream_is_delivered_or_withheld(redis: Redis) -> None:
    assert await drained(redis) == IN_STREAM
    assert await counts(redis) == {
        "delivered": 3,
        "withheld": 3,
        "pending": 2,
        "rejected": 1,
        "expired": 1,
    }
    assert await redis.xlen(ADS.stream) == 0


@pytest.mark.usefixtures("stored")
async def test_dead_letters_are_replayed_and_delivered(redis: Redis) -> None:
    letters = [each async for each in dead_letters.find(redis, ADS)]
    assert [(each.event_id, each.result, each.reason) for each in letters] == [
        ("rejected", "rejected", "HTTP 400: no such pixel"),
        ("expired", "expired", "80.1 hours old"),
    ]
    assert await dead_letters.replay(redis, ADS, letters) == 2
    assert await redis.xlen(ADS.dead) == 0
    assert await drained(redis) == {*IN_STREAM, "rejected", "expired"}


@pytest.mark.usefixtures("stored")
async def test_a_dead_letter_is_dropped(redis: Redis) -> None:
    ids = [each.id async for each in dead_letters.find(redis, ADS)]
    assert await dead_letters.drop(redis, ADS, ids) == 2
    assert await redis.xlen(ADS.dead) == 0


@pytest.mark.usefixtures("stored")
async def test_held_events_are_withheld(redis: Redis, appender: Appender) -> None:
    """For one, a visitor with the same client id granted consent, but that is no proof."""
    await redis.zadd(KEYS.due, dict.fromkeys(await redis.zrange(KEYS.due, 0, -1), 0))
    pages = await due_pages(redis, KEYS)
    assert len(pages) == 2
    for page in pages:  # a minute after the events came in
        held_page = await read_page(redis, KEYS, page)
        assert await end_unanswered(held_page, appender, 60, 1_750_000_061)
    assert not [key async for key in redis.scan_iter(f"{KEYS.events}*")]
    assert not await redis.exists(KEYS.said, KEYS.due)
    assert await drained(redis) == IN_STREAM
    assert (await counts(redis))["withheld"] == 5  # two before, both held events, and `withdrawn`


@pytest.mark.usefixtures("stored")
async def test_quarantined_events_are_released_and_delivered(
    redis: Redis, settings: Settings, appender: Appender
) -> None:
    (kept,) = [each async for each in quarantine_of(KEYS).find(redis)]
    assert kept.reason == "does not fit schemas.purchase: the event: required currency"
    review = compile_review(settings, checked=False)
    assert await Releaser(appender).release({kept.id: review(kept)}) == 1
    assert await redis.xlen(KEYS.quarantine) == 0
    assert await drained(redis) == {*IN_STREAM, "purchase"}


@pytest.fixture
async def spool(redis: Redis, appender: Appender, tmp_path: Path) -> AsyncIterator[SpoolFolder]:
    """A folder with the earlier version's file, and an appender that feeds its events."""
    (file,) = STORED.glob("spool-*.sqlite")
    shutil.copy(file, tmp_path)
    folder = SpoolFolder(tmp_path, 10_000_000)
    spooling = SpoolingAppender(appender, redis, folder)
    await ensure_group(redis, ADS)
    await spooling.open()
    yield folder
    await spooling.close()


async def test_spooled_events_are_fed_and_their_file_goes(
    redis: Redis, spool: SpoolFolder, tmp_path: Path
) -> None:
    await until(lambda: not list(tmp_path.iterdir()))
    assert await counts(redis) == {"withheld": 2, "pending": 2}
    (purchase,) = [each async for each in quarantine_of(KEYS).find(redis)]
    assert purchase.event_id == "purchase"
    assert len([key async for key in redis.scan_iter(f"{KEYS.events}*")]) == 1
    assert await drained(redis) == {"sent"}
    assert await counts(redis) == {"withheld": 2, "delivered": 1, "pending": 1}
