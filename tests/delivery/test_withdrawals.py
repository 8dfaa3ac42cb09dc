"""A drain sends no event whose visitor has, or may have, withdrawn consent."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from gateway.event import Received
from gateway.queue.append import Appender, Retention
from gateway.queue.marks import WITHDRAWAL_SECONDS
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.stages.held_consent import HeldConsent
from tests.support.destination_numbers import numbers
from tests.support.drains import Start, nobody, run
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
