"""A drain sends no event whose visitor has, or may have, withdrawn consent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from destinations.base import Response
from gateway.delivery import send as send_module
from gateway.event import Received
from gateway.queue.append import Appender, Retention
from gateway.queue.marks import WITHDRAWAL_SECONDS
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.stages.held_consent import HeldConsent
from tests.support.destination_numbers import numbers
from tests.support.drains import DOWN, OK, SOON, Start, nobody, run
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.scripted_vendor import Vendor

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

LONG_AGO = WITHDRAWAL_SECONDS + 3600.0


@pytest.mark.parametrize(
    ("age", "visitors", "stops", "is_sent"),
    [
        (3600.0, ["visitor"], ["ad_storage"], True),
        (LONG_AGO, ["visitor"], ["ad_storage"], False),
        (LONG_AGO, [], ["ad_storage"], True),
        (LONG_AGO, ["visitor"], [], True),
    ],
)
async def test_what_is_older_than_any_denial_that_is_remembered(
    start: Start, redis: Redis, age: float, visitors: list[str], stops: list[str], is_sent: bool
) -> None:
    await ensure_group(redis, ADS)
    held = HeldConsent("", visitors, {}, [], [], {}, Received("site", 0.0))
    event = decide(make_event(0), ["ads"])
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(withdrawal=60))
    await appender.append([replace(event, received_at=time.time() - age, held_consent=held)])
    vendor = Vendor()
    await run(await start(vendor, stops=stops, max_age=30 * 86_400))
    assert len(vendor.requests) == int(is_sent)
    counts = (await numbers(redis)).counts
    assert counts.get("delivered", 0) == int(is_sent)
    assert counts.get("withheld", 0) == int(not is_sent)


async def deny(redis: Redis, visitor: str) -> None:
    await take(redis, 9, [], denies=[visitor])


async def take(
    redis: Redis, number: int, visitors: Sequence[str], denies: Sequence[str] = ()
) -> None:
    """Appends an event of `visitors`, or one that denies `ad_storage` for the visitors `denies`."""
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention(withdrawal=60))
    denied = ["ad_storage"] if denies else []
    held = HeldConsent("", visitors, {}, denies, denied, {}, Received("site", 0.0))
    event = decide(make_event(number), [] if denies else ["ads"])
    await appender.append([replace(event, received_at=time.time(), held_consent=held)])


async def test_an_event_that_waits_to_be_sent_is_stopped_by_a_denial(
    start: Start, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits of a vendor may keep it waiting for minutes after a drain has read it."""
    monkeypatch.setattr(send_module, "FRESH_SECONDS", 0.0)
    await ensure_group(redis, ADS)

    async def reply(ids: list[str]) -> Response:
        if ids == ["event-0"]:
            await deny(redis, "anna")
        return OK

    for number, visitor in enumerate(["anna", "anna", "ben", "anna"]):
        await take(redis, number, [visitor])
    vendor = Vendor(reply)
    await run(await start(vendor, stops=["ad_storage"], in_flight=1))
    assert vendor.requests == [["event-0"], ["event-2"]]
    counted = await numbers(redis)
    assert counted.counts.get("delivered", 0) == 2
    assert counted.withheld == {("delivery", "withdrawn"): 2}
    assert counted.pending == 0


async def test_an_event_that_waits_for_a_further_try_is_stopped_by_a_denial(
    start: Start, redis: Redis
) -> None:
    await ensure_group(redis, ADS)

    async def reply(ids: list[str]) -> Response:
        if vendor.requests == [["event-0", "event-1"]]:
            await deny(redis, "anna")
            return DOWN
        return OK

    for number, visitor in enumerate(["anna", "ben"]):
        await take(redis, number, [visitor])
    vendor = Vendor(reply)
    await run(await start(vendor, stops=["ad_storage"], size=2, tries=3, backoff=SOON, idle=1.0))
    assert vendor.requests == [["event-0", "event-1"], ["event-1"]]
    counted = await numbers(redis)
    assert counted.counts.get("delivered", 0) == 1
    assert counted.withheld == {("delivery", "withdrawn"): 1}
    assert counted.pending == 0
