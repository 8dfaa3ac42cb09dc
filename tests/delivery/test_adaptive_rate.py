"""How fast a drain sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.adaptive_rate import SMALLEST_SHARE, AdaptiveRate


def wait(rate: AdaptiveRate, events: int, now: float) -> float:
    """Takes the next turn for a request with `events` events; returns its wait in seconds."""
    turn = rate.turn(now)
    rate.take(turn, events)
    return turn - now


def test_without_limits_nothing_waits() -> None:
    rate = AdaptiveRate(DeliverySettings())
    assert [wait(rate, 1000, 5.0) for _ in range(100)] == [0.0] * 100


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
    assert [wait(rate, events, 100.0) for _ in waits] == pytest.approx(waits)


def test_a_turn_that_is_not_taken_delays_nobody() -> None:
    rate = AdaptiveRate(DeliverySettings(requests_per_second=1))
    rate.take(rate.turn(100.0), 1)
    assert [rate.turn(100.0) for _ in range(3)] == [101.0] * 3


def test_two_that_take_the_same_turn_delay_the_next_for_both() -> None:
    rate = AdaptiveRate(DeliverySettings(requests_per_second=1))
    turn = rate.turn(100.0)
    rate.take(turn, 1)
    rate.take(turn, 1)
    assert rate.turn(100.0) == 102.0


def test_time_that_was_not_used_is_not_saved_up() -> None:
    rate = AdaptiveRate(DeliverySettings(requests_per_second=10))
    wait(rate, 1, 0.0)
    assert wait(rate, 1, 60.0) == 0
    assert wait(rate, 1, 60.0) == pytest.approx(0.1)


def test_a_throttled_vendor_gets_half_and_slowly_more_again() -> None:
    rate = AdaptiveRate(DeliverySettings(in_flight=32, requests_per_second=10))
    rate.throttle()
    assert rate.in_flight == 16
    wait(rate, 1, 0.0)
    assert wait(rate, 1, 0.0) == pytest.approx(0.2)
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
    assert [wait(rate, 1, 0.0) for _ in range(3)] == pytest.approx([0, seconds, 2 * seconds])


def test_a_limit_that_is_free_again_spaces_nothing() -> None:
    rate = AdaptiveRate(DeliverySettings())
    rate.heed(95)
    wait(rate, 1, 0.0)
    rate.heed(40)
    assert [wait(rate, 1, 0.0) for _ in range(3)] == [0.0] * 3


def test_all_drains_together_keep_the_spacing() -> None:
    rate = AdaptiveRate(DeliverySettings(drains=4))
    rate.heed(100)
    assert [wait(rate, 1, 0.0) for _ in range(2)] == [0, 120]


@pytest.mark.parametrize(
    ("settings", "seconds", "waits"),
    [
        ({"events_per_second": 1}, 40.0, 40.0),
        ({"events_per_second": 1}, 9e9, 60.0),
        ({"events_per_second": 1, "drains": 2}, 9e9, 120.0),
        ({"requests_per_second": 1 / 90}, 9e9, 90.0),
        ({"requests_per_second": 10}, 0.1, 0.1),
        ({"requests_per_second": 10}, 9e9, 30.0),
        ({}, 20.0, 20.0),
        ({}, 9e9, 30.0),
    ],
)
def test_the_first_request_waits_as_the_last_drain_had_to_but_not_for_a_clock_that_was_set(
    settings: dict[str, float], seconds: float, waits: float
) -> None:
    rate = AdaptiveRate(DeliverySettings(**settings))
    rate.hold(seconds, 60, 1000.0)
    assert rate.turn(1000.0) == pytest.approx(1000.0 + waits)
    assert rate.wait_to_note(1000.0) is None, "it is known"


def test_the_next_drain_hears_once_of_each_wait() -> None:
    rate = AdaptiveRate(DeliverySettings(requests_per_second=1))
    assert rate.wait_to_note(100.0) is None
    rate.take(rate.turn(100.0), 1)
    assert rate.wait_to_note(100.25) == pytest.approx(0.75)
    assert rate.wait_to_note(100.5) is None
    rate.take(rate.turn(102.0), 1)
    assert rate.wait_to_note(104.0) is None, "it is over"
