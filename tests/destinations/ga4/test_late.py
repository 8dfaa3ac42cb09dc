"""An event older than GA4 accepts expires, or is sent with a later time or without one."""

from typing import Any

import pytest

from destinations.ga4 import GA4
from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, sent

HOURS = 3600.0


def late(destination: GA4, age: float, example: Example, now: float) -> dict[str, Any]:
    told: dict[str, Any] = sent(example("contact", timestamp=now - age), now, destination)[
        "events"
    ][0]
    return told


def test_by_default_an_event_keeps_its_time_and_expires() -> None:
    assert ga4().limits.max_age.total_seconds() == 72 * HOURS


@pytest.mark.parametrize("too_old", ["clamp", "send_without_time"])
def test_a_late_event_may_be_sent_for_a_week(too_old: str, example: Example, now: float) -> None:
    destination = ga4(too_old=too_old)
    assert destination.limits.max_age.days == 7
    in_time = late(destination, 71 * HOURS, example, now)
    assert in_time["timestamp_micros"] == round((now - 71 * HOURS) * 1_000_000)


def test_a_late_event_is_set_to_the_oldest_time_that_ga4_accepts(
    example: Example, now: float
) -> None:
    told = late(ga4(too_old="clamp"), 100 * HOURS, example, now)
    age = now - told["timestamp_micros"] / 1_000_000
    assert 71.9 * HOURS < age < 72 * HOURS


def test_a_late_event_is_sent_without_its_time(example: Example, now: float) -> None:
    assert "timestamp_micros" not in late(
        ga4(too_old="send_without_time"), 100 * HOURS, example, now
    )
