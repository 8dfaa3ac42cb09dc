"""How fast a drain sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.adaptive_rate import SMALLEST_SHARE, AdaptiveRate


def test_without_limits_nothing_waits() -> None:
    rate = AdaptiveRate(DeliverySettings())
    assert [rate.wait(1000, 5.0) for _ in range(100)] == [0.0] * 100


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
    rate = AdaptiveRate(DeliverySettings(**settings))
    assert [rate.wait(events, 100.0) for _ in waits] == pytest.approx(waits)


def test_time_that_was_not_used_is_not_saved_up() -> None:
    rate = AdaptiveRate(DeliverySettings(requests_per_second=10))
    rate.wait(1, 0.0)
    assert rate.wait(1, 60.0) == 0
    assert rate.wait(1, 60.0) == pytest.approx(0.1)


def test_a_throttled_vendor_gets_half_and_slowly_more_again() -> None:
    rate = AdaptiveRate(DeliverySettings(in_flight=32, requests_per_second=10))
    rate.throttle()
    assert rate.in_flight == 16
    rate.wait(1, 0.0)
    assert rate.wait(1, 0.0) == pytest.approx(0.2)
    for _ in range(14):
        rate.recover()
    assert rate.in_flight < 32
    rate.recover()
    assert rate.in_flight == 32


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 2))
def test_the_share_stays_within_its_bounds(throttled: list[bool], share: float) -> None:
    rate = AdaptiveRate(DeliverySettings(in_flight=3), share)
    for each in throttled:
        rate.throttle() if each else rate.recover()
        assert SMALLEST_SHARE <= rate.share <= 1
        assert 1 <= rate.in_flight <= 3


def test_the_next_drain_hears_of_the_share_until_it_is_full_again() -> None:
    rate = AdaptiveRate(DeliverySettings())
    assert rate.share_to_note() is None
    rate.throttle()
    assert rate.share_to_note() == 0.5
    rate.restore(1.0)
    assert [rate.share_to_note() for _ in range(2)] == [1.0, None]


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [(0, 0), (75, 0), (80, 1.2), (90, 10.8), (100, 30), (250, 30), (1e300, 30)],
)
def test_requests_are_spaced_before_a_limit_is_used_up(usage: float, seconds: float) -> None:
    rate = AdaptiveRate(DeliverySettings())
    rate.heed(usage)
    assert [rate.wait(1, 0.0) for _ in range(3)] == pytest.approx([0, seconds, 2 * seconds])


def test_a_limit_that_is_free_again_spaces_nothing() -> None:
    rate = AdaptiveRate(DeliverySettings())
    rate.heed(95)
    rate.heed(40)
    assert [rate.wait(1, 0.0) for _ in range(3)] == [0.0] * 3


def test_all_drains_together_keep_the_spacing() -> None:
    rate = AdaptiveRate(DeliverySettings(drains=4))
    rate.heed(100)
    assert [rate.wait(1, 0.0) for _ in range(2)] == [0, 120]
