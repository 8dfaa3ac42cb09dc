"""How fast a drain sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.pace import SMALLEST_SHARE, Pace
from gateway.delivery.policy import DeliverySettings


def test_without_limits_nothing_waits() -> None:
    pace = Pace(DeliverySettings())
    assert [pace.wait(1000, 5.0) for _ in range(100)] == [0.0] * 100


@pytest.mark.parametrize(
    ("settings", "events", "waits"),
    [
        ({"requests_per_second": 10}, 5, [0, 0.1, 0.2]),
        ({"events_per_second": 10}, 5, [0, 0.5, 1.0]),
        ({"requests_per_second": 1, "events_per_second": 10}, 5, [0, 1, 2]),
        ({"requests_per_second": 10, "drains": 2}, 1, [0, 0.2, 0.4]),
    ],
)
def test_each_request_waits_for_its_turn(
    settings: dict[str, float], events: int, waits: list[float]
) -> None:
    pace = Pace(DeliverySettings(**settings))
    assert [pace.wait(events, 100.0) for _ in waits] == pytest.approx(waits)


def test_time_that_was_not_used_is_not_saved_up() -> None:
    pace = Pace(DeliverySettings(requests_per_second=10))
    pace.wait(1, 0.0)
    assert pace.wait(1, 60.0) == 0
    assert pace.wait(1, 60.0) == pytest.approx(0.1)


def test_a_throttled_vendor_gets_half_and_slowly_more_again() -> None:
    pace = Pace(DeliverySettings(in_flight=32, requests_per_second=10))
    pace.throttle()
    assert pace.in_flight == 16
    pace.wait(1, 0.0)
    assert pace.wait(1, 0.0) == pytest.approx(0.2)
    for _ in range(14):
        pace.recover()
    assert pace.in_flight < 32
    pace.recover()
    assert pace.in_flight == 32


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 2))
def test_the_share_stays_within_its_bounds(throttled: list[bool], share: float) -> None:
    pace = Pace(DeliverySettings(in_flight=3), share)
    for each in throttled:
        pace.throttle() if each else pace.recover()
        assert SMALLEST_SHARE <= pace.share <= 1
        assert 1 <= pace.in_flight <= 3
