"""How long an entry waits, how long a pause lasts, and when an event is too old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.policy import SendPolicy, is_expired, wait_before_retry, waits
from gateway.queue.pause import pause_seconds
from tests.support.scripted_vendor import Parcel

BACKOFF = DeliverySettings().backoff


@pytest.mark.parametrize(
    ("deliveries", "seconds"),
    [(1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600), (7, 7200), (8, 7200), (99, 7200)],
)
def test_waits_grow_and_the_last_repeats(deliveries: int, seconds: float) -> None:
    wait = wait_before_retry(BACKOFF, deliveries, b"1795219200000-0")
    assert 0.8 * seconds <= wait <= 1.2 * seconds


def test_what_was_handed_back_does_not_wait() -> None:
    assert wait_before_retry(BACKOFF, 0, b"1795219200000-0") == 0


entry_ids = st.builds(lambda a, b: b"%d-%d" % (a, b), st.integers(0, 2**44), st.integers(0, 99))


@given(st.integers(1, 20), entry_ids)
def test_every_process_knows_the_same_moment(deliveries: int, entry_id: bytes) -> None:
    step = BACKOFF[min(deliveries, len(BACKOFF)) - 1]
    wait = wait_before_retry(BACKOFF, deliveries, entry_id)
    assert 0.8 * step <= wait <= 1.2 * step
    assert wait == waits(BACKOFF)(deliveries, entry_id)


def test_entries_that_failed_together_do_not_come_back_together() -> None:
    moments = [wait_before_retry([100], 1, b"1795219200000-%d" % n) for n in range(1000)]
    for lower in range(80, 120, 10):  # each quarter of the range gets about its share
        assert 150 < sum(lower <= moment < lower + 10 for moment in moments) < 350


@pytest.mark.parametrize(
    ("pauses", "asked", "seconds"),
    [
        (1, None, 1),
        (2, None, 2),
        (4, None, 8),
        (9, None, 256),
        (10, None, 300),
        (5000, None, 300),
        (1, 30, 30),
        (8, 30, 128),
        (1, 0, 1),
        (1, 86_400, 86_400),
    ],
)
def test_pauses_grow_to_five_minutes_or_as_long_as_asked(
    pauses: int, asked: float | None, seconds: float
) -> None:
    assert pause_seconds(pauses, asked) == seconds


def test_an_event_expires_past_the_deadline_not_at_it() -> None:
    assert not is_expired(1000, 1060, timedelta(minutes=1))
    assert is_expired(1000, 1060.1, timedelta(minutes=1))
    assert not is_expired(2000, 1000, timedelta(minutes=1))


class Odd(Parcel):
    """The deadline of an event is its `age` in hours, if that is a number."""

    def max_age(self, event: Any) -> Any:
        return event["age"] and timedelta(hours=event["age"])


@pytest.mark.parametrize(
    ("event", "hours"), [({"age": 1}, 1), ({}, 9), ({"age": "x"}, 9), ({"age": None}, 9)]
)
def test_where_a_destination_says_no_deadline_its_limits_do(
    event: dict[str, Any], hours: float, caplog: pytest.LogCaptureFixture
) -> None:
    policy = SendPolicy.of(DeliverySettings(), Odd(max_age=timedelta(hours=9)))
    for _ in range(3):
        assert policy.max_age({**event, "email": "ada@example.com"}) == timedelta(hours=hours)
    assert len(caplog.records) == int(hours == 9), "the first fault is logged"
    assert "ada@" not in caplog.text


@pytest.mark.parametrize(
    "settings",
    [
        {"backoff": []},
        {"backoff": [5, 0]},
        {"backoff": [-1]},
        {"in_flight": 0},
        {"drains": 0},
        {"tries": 0},
        {"max_age": 0},
        {"max_age": float("inf")},
        {"max_dead_letters": 0},
        {"max_dead_letter_bytes": 0},
        {"max_dead_letter_days": 0},
        {"max_dead_letter_days": float("inf")},
        {"retries": 3},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeliverySettings.model_validate(settings)
