"""The linger adapts to a vendor's daily quota of requests."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from destinations.google_data_manager.api import LINGER, REQUESTS_PER_DAY
from gateway.delivery.daily_quota import MAX_SECONDS, lasting_linger
from gateway.queue.request_counts import DAY_SECONDS, RequestCounts
from tests.support.drains import Fill, Start, run
from tests.support.keys import KEYS
from tests.support.scripted_vendor import Parcel, Vendor

SHORTEST, QUOTA = LINGER.total_seconds(), REQUESTS_PER_DAY


def linger(sent: int, seconds_left: float = DAY_SECONDS, longest: float = MAX_SECONDS) -> float:
    return lasting_linger(SHORTEST, longest, QUOTA, sent, seconds_left)


@pytest.mark.parametrize(
    ("sent", "seconds_left", "expected"),
    [
        (0, DAY_SECONDS, 2),
        (46_800, DAY_SECONDS, 2),
        (68_400, DAY_SECONDS, 4),
        (68_400, DAY_SECONDS / 4, 2),
        (89_999, DAY_SECONDS, 300),
        (90_000, 10, 300),
        (200_000, 10, 300),
    ],
)
def test_the_fewer_are_left_the_longer_events_wait(
    sent: int, seconds_left: float, expected: float
) -> None:
    assert linger(sent, seconds_left) == expected


@given(
    sent=st.integers(0, 2 * QUOTA),
    seconds_left=st.floats(0, DAY_SECONDS),
    longest=st.floats(0, MAX_SECONDS),
)
def test_it_is_within_its_bounds_and_never_falls_as_requests_are_sent(
    sent: int, seconds_left: float, longest: float
) -> None:
    found = linger(sent, seconds_left, longest)
    assert SHORTEST <= found <= max(SHORTEST, longest)
    assert found <= linger(sent + 1, seconds_left, longest)


@pytest.mark.parametrize("drains", [1, 5, 30])
def test_several_drains_with_events_all_day_leave_some_of_the_quota(drains: int) -> None:
    """Every drain reads as soon as it may, and counts what the others sent."""
    now, sent = 0.0, 0
    while now < DAY_SECONDS:
        sent += drains
        now += lasting_linger(SHORTEST, MAX_SECONDS, QUOTA, sent, DAY_SECONDS - now)
    assert sent <= QUOTA
    assert sent >= min(drains * DAY_SECONDS / SHORTEST, 0.85 * QUOTA)


pytest_async = pytest.mark.anyio


@pytest_async
async def test_the_count_is_of_all_drains_and_of_one_day(redis: Redis) -> None:
    one, other = (RequestCounts(redis, KEYS, "data_manager:google") for _ in range(2))
    now = 20_000.5 * DAY_SECONDS
    assert await one.add(0, now) == 0
    assert await one.add(3, now) == 3
    assert await other.add(2, now) == 5
    assert await other.add(0, now) == 5
    assert await RequestCounts(redis, KEYS, "another").add(0, now) == 0
    assert await one.add(1, now + DAY_SECONDS) == 1
    for name in await redis.keys(f"{KEYS.quotas}*"):
        assert 0 < await redis.ttl(name) <= 2 * DAY_SECONDS


class Rationed(Parcel):
    """A destination with a quota of `requests_per_day`."""

    quota = "of the project"

    def __init__(self, requests_per_day: int) -> None:
        super().__init__(10)
        self.limits = replace(
            self.limits, linger=timedelta(seconds=0.01), requests_per_day=requests_per_day
        )


@pytest_async
@pytest.mark.parametrize(
    ("configured", "slow"), [({}, True), ({"linger": 0.01}, False)], ids=["vendor", "configured"]
)
async def test_a_drain_counts_its_requests_and_slows_down(
    redis: Redis,
    fill: Fill,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    configured: dict[str, float],
    slow: bool,
) -> None:
    now, add = time.time(), RequestCounts.add  # of one day, also around midnight
    monkeypatch.setattr(RequestCounts, "add", lambda counts, number, _: add(counts, number, now))
    counts = RequestCounts(redis, KEYS, Rationed.quota)
    await counts.add(1000, time.time())
    await fill(1)
    drain = await start(Vendor(), destination=Rationed(1000), idle=0.3, **configured)
    await run(drain)
    assert await counts.add(0, time.time()) == 1001
    assert (drain._pace._longest > 1) is slow


@pytest_async
async def test_a_dry_run_uses_no_quota(redis: Redis, fill: Fill, start: Start) -> None:
    await fill(1)
    await run(await start(None, destination=Rationed(1000)))
    assert await RequestCounts(redis, KEYS, Rationed.quota).add(0, time.time()) == 0
