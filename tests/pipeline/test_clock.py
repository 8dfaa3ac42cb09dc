"""Clocks of devices: how wrong they are, and how their times are corrected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.clock import (
    DEAD_BAND_SECONDS,
    MAX_OFFSET_SECONDS,
    clock_offset,
    correct_time,
)
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision

NOW = 1_795_289_657.0
DAY = 86_400.0
CONFIG = """
enrichment: []
sources: {site: {type: collect}}
destinations:
  hook: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
"""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("sent", "offset"),
    [
        ([], 0),
        ([None], 0),
        ([NOW], 0),
        ([NOW - 59], 0),
        ([NOW - 60], 0),
        ([NOW + 60], 0),
        ([NOW - 61], 61),
        ([NOW + 61], -61),
        ([NOW - 10 * DAY], 10 * DAY),
        ([NOW + 3650 * DAY], -3650 * DAY),
        ([0], NOW),
        ([str(NOW - 100)], 100),
        ([1000 * (NOW - 100)], 100),
        ([str(int(1000 * (NOW - 100)))], 100),
        ([iso(NOW - 100)], 100),
        ([iso(NOW - 100).replace("Z", "+00:00")], 100),
        ([NOW - 500, iso(NOW - 100), NOW - 300], 100),
        (["never", NOW - 100], 100),
        (["yesterday"], 0),
        ([""], 0),
        ([True], 0),
        ([float("nan")], 0),
        ([float("inf")], 0),
        ([-5], 0),
        ([1e300], 0),
        ([[NOW - 100], {"a": 1}], 0),
    ],
)
def test_how_wrong_a_clock_is(sent: list[Any], offset: float) -> None:
    assert clock_offset(sent, NOW) == pytest.approx(offset)


@pytest.mark.parametrize(
    ("offset", "corrected", "moved", "wrong"),
    [
        (90.0, 1090.0, "90 seconds later", "90 seconds behind"),
        (-600.5, 399.5, "10.1 minutes earlier", "10.1 minutes ahead"),
        (10 * DAY, 865_000.0, "10 days later", "10 days behind"),
        (-10 * DAY, 0.0, "10 days earlier", "10 days ahead"),
    ],
)
def test_a_time_is_put_right(offset: float, corrected: float, moved: str, wrong: str) -> None:
    event, words = correct_time({"timestamp": 1000.0}, offset)
    assert event == {"timestamp": corrected}
    assert words == f"timestamp moved {moved} because the sender's clock is {wrong}"


def test_by_a_clock_that_is_right_a_time_stays_as_it_is() -> None:
    assert correct_time({"timestamp": 1000.0}, 0.0) == ({"timestamp": 1000.0}, "")


def test_an_event_without_a_time_stays_as_it_is() -> None:
    assert correct_time({"event_name": "a"}, 600.0) == ({"event_name": "a"}, "")


@given(
    transit=st.floats(0, DEAD_BAND_SECONDS),
    age=st.floats(0, 30 * DAY),
    behind=st.floats(-MAX_OFFSET_SECONDS / 2, NOW / 2),
)
def test_whatever_the_clock_an_event_is_as_old_as_it_is(
    transit: float, age: float, behind: float
) -> None:
    """The event was sent `age` seconds after it happened, and arrived `transit` seconds later."""
    sent = NOW - transit - behind
    if not 0 <= sent - age < 1e11:  # beyond that numbers are milliseconds
        return
    event, words = correct_time({"timestamp": sent - age}, clock_offset([sent], NOW))
    error = event["timestamp"] - (NOW - transit - age)
    if words:
        assert abs(error) <= transit + 0.01
    else:
        assert abs(error) <= 2 * DEAD_BAND_SECONDS


@given(st.floats(-DEAD_BAND_SECONDS, DEAD_BAND_SECONDS), st.floats(0, NOW))
def test_transit_alone_moves_nothing(transit: float, timestamp: float) -> None:
    offset = clock_offset([NOW - transit], NOW)
    assert correct_time({"timestamp": timestamp}, offset) == ({"timestamp": timestamp}, "")


def decide(timestamp: float, offset: float) -> Decision:
    pipeline = compile_pipeline(parse_settings(CONFIG))
    event = read_event({"event_name": "a", "timestamp": timestamp, "ip_override": "192.0.2.1"})
    return pipeline(event, Received("site", NOW, clock_offset=offset))


def test_the_trace_says_that_a_time_was_corrected_and_by_how_much() -> None:
    decision = decide(NOW - 10 * DAY, 10 * DAY - 5)
    assert decision.event["timestamp"] == NOW - 5
    assert decision.verdicts["hook"].decision == "send"
    (line,) = [step.words for step in decision.steps if step.stage == "normalise"]
    assert line == (
        "ignored because only a trusted sender may set it: ip_override; timestamp moved 10 days "
        "later because the sender's clock is 10 days behind"
    )


def test_a_time_that_is_right_leaves_no_line_and_one_that_is_too_old_is_withheld() -> None:
    decision = decide(NOW - 10 * DAY, 0.0)
    verdict = decision.verdicts["hook"]
    assert (verdict.stage, verdict.reason) == (
        "age",
        "the event is 10 days old; hook accepts events up to 7 days old",
    )
    assert "clock" not in str(decision.steps[0].words)


def test_a_corrected_time_is_never_later_than_the_receipt() -> None:
    assert decide(NOW - 5, 600.0).event["timestamp"] == NOW
