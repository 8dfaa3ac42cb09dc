"""How a source's `rate_limit` is written, and what it means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.sources.base import Inbound, Source, SourceSettings
from gateway.sources.events import Events, EventsSettings
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings
from gateway.sources.rate_limits import Rate, RateLimits, parse_rate
from gateway.sources.segment.source import Segment, SegmentSettings


def limits(written: Any) -> RateLimits:
    return SourceSettings.model_validate({"type": "collect", "rate_limit": written}).rate_limit


RATES = {
    "100/second": Rate(100, 1),
    "600/minute": Rate(600, 60),
    "5000/hour": Rate(5000, 3600),
    "7/day": Rate(7, 86_400),
    "10/5 minutes": Rate(10, 300),
    "10 per 2 hours": Rate(10, 7200),
    " 20MB / minute ": Rate(20_000_000, 60),
    "3 kb/second": Rate(3000, 1),
    "1GB/Hour": Rate(1_000_000_000, 3600),
}


@pytest.mark.parametrize(("text", "rate"), RATES.items())
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


NO_RATES = ["", "100", "x/minute", "100/month", "-1/second", "1.5/second", "10/0 minutes"]
NO_RATES += ["0/minute", "1e3/second", "\u0663/minute", "1/second/second", "10per minute", "9" * 99]


@pytest.mark.parametrize("text", NO_RATES)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        parse_rate(text)


@given(st.text() | st.from_regex(r"[0-9]+ ?[KMG]?B?/[0-9 ]*(second|minute|fortnight)s?"))
def test_any_text_is_a_positive_rate_or_refused(text: str) -> None:
    try:
        rate = parse_rate(text)
    except ValueError:
        return
    assert rate.amount > 0
    assert rate.seconds > 0


DEFAULT = {"requests": "6000/minute", "events": "30000/minute", "bytes": "60MB/minute"}
OFF = dict.fromkeys(DEFAULT)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (None, DEFAULT),
        ("10/second", {**DEFAULT, "requests": "10/second"}),
        ({"events": "10/second"}, {**DEFAULT, "events": "10/second"}),
        ({"bytes": "off"}, {**DEFAULT, "bytes": None}),
        ("off", OFF),
        (False, OFF),
    ],
)
def test_it_is_a_rate_of_requests_an_object_or_off(written: Any, meant: dict[str, Any]) -> None:
    assert limits(written).model_dump() == {**meant, "shared": False}


def test_it_is_on_unless_it_is_off() -> None:
    assert SourceSettings(type="collect").rate_limit.model_dump() == {**DEFAULT, "shared": False}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (12, "not a rate"),
        (True, "valid string"),
        ([], "dictionary"),
        ({"requests": 10}, "not a rate"),
        ({"events": "5MB/second"}, "KB, MB and GB are for bytes"),
        ({"request": "5/second"}, "Extra inputs"),
    ],
)
def test_a_mistake_is_told(written: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        limits(written)


EVENTS = Events(EventsSettings.model_validate({"type": "events", "keys": ["one", "two"]}))
SEGMENT = Segment(
    SegmentSettings.model_validate(
        {"type": "segment", "write_keys": ["public"], "secret_keys": ["secret"]}
    )
)
MEASUREMENT_PROTOCOL = MeasurementProtocol(
    MeasurementProtocolSettings.model_validate(
        {"type": "measurement_protocol", "api_secrets": {"G-1": "secret"}}
    )
)


@pytest.mark.parametrize(
    ("source", "query", "headers", "shown"),
    [
        (EVENTS, "", {"authorization": "Bearer two"}, True),
        (EVENTS, "", {"authorization": "Bearer three"}, False),
        (EVENTS, "", {"authorization": "Basic two"}, False),
        (EVENTS, "", {}, False),
        (SEGMENT, "", {"authorization": "Basic c2VjcmV0Og=="}, True),
        (SEGMENT, "", {"x-write-key": "secret"}, True),
        (SEGMENT, "", {"x-write-key": "public"}, False),
        (SEGMENT, "writeKey=secret", {}, False),
        (MEASUREMENT_PROTOCOL, "measurement_id=G-1&api_secret=secret", {}, True),
        (MEASUREMENT_PROTOCOL, "measurement_id=G-2&api_secret=secret", {}, False),
        (MEASUREMENT_PROTOCOL, "measurement_id=G-2&api_secret=", {}, False),
        (MEASUREMENT_PROTOCOL, "measurement_id=G-1", {}, False),
    ],
)
def test_a_key_is_seen_before_the_body(
    source: Source[Any], query: str, headers: dict[str, str], shown: bool
) -> None:
    assert source.shows_key(Inbound("POST", "/", query, headers)) is shown
