"""`segment` from backends: the library's agent and the backend's address are not the visitor's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.event import Event, Received
from gateway.pipeline import compile_pipeline
from gateway.settings import parse_settings
from gateway.sources.base import Inbound
from gateway.sources.segment import Segment, SegmentSettings

Capture = Callable[..., list[Inbound]]

KEY = "WRITEKEY123"
SOURCE = Segment(SegmentSettings(type="segment", write_keys=[KEY]))
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
UNKNOWN = {"user_agent": "", "ip_override": "", "bot": {"is_bot": False, "reason": ""}}


def events(message: dict[str, Any], **envelope: Any) -> list[Event]:
    body = orjson.dumps({"writeKey": KEY, "batch": [{"event": "A", **message}], **envelope})
    return SOURCE.read(Inbound("POST", "/v1/track", body=body)).events


def by(library: Any, **context: Any) -> list[Event]:
    return events({"context": {"library": library, **context}})


@pytest.mark.parametrize(
    "name",
    [
        *("@segment/analytics-node", "analytics-node", "@rudderstack/rudder-sdk-node"),
        *("analytics-python", "rudder-analytics-python", "analytics-ruby", "rudderanalytics-ruby"),
        *("analytics-php", "rudder-analytics-php", "analytics-go", "analytics-java"),
        "Analytics.NET",
    ],
)
def test_a_library_for_backends_knows_nothing_of_the_visitor(name: str) -> None:
    assert by({"name": name, "version": "1"}) == [{"event_name": "A", **UNKNOWN}]


def test_nor_does_what_says_that_it_comes_from_a_server() -> None:
    assert events({"channel": "server"}) == [{"event_name": "A", **UNKNOWN}]


def test_the_agent_that_a_backend_gives_is_the_visitors_and_its_address_is_not_believed() -> None:
    (event,) = by({"name": "analytics-python"}, userAgent=CHROME, ip="203.0.113.9")
    assert event == {"event_name": "A", "user_agent": CHROME, "ip_override": ""}


@pytest.mark.parametrize(
    "library",
    [
        *({"name": "analytics.js"}, {"name": "RudderLabs JavaScript SDK"}),
        *({"name": "analytics-ios"}, {"name": "analytics-android"}, {"name": "analytics-kotlin"}),
        *({"name": "@segment/analytics-react-native"}, {"name": "analytics-python-of-mine"}),
        *({"name": None}, {"name": ["analytics-python"]}, {"name": 5}, {}, None, "analytics", []),
    ],
)
def test_browsers_apps_and_strangers_are_the_visitors_own(library: Any) -> None:
    assert by(library) == [{"event_name": "A"}]


def test_the_context_of_a_batch_holds_where_a_message_says_nothing() -> None:
    """As the libraries for Go and Java send it."""
    shared = {"library": {"name": "analytics-go"}, "locale": "de"}
    assert events({}, context=shared) == [{"event_name": "A", "language": "de", **UNKNOWN}]
    own = {"library": {"name": "analytics.js"}, "locale": "en"}
    assert events({"context": own}, context=shared) == [{"event_name": "A", "language": "en"}]
    for nothing in (None, [], "x", 7):
        assert events({}, context=nothing) == [{"event_name": "A"}]


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("segment-analytics-python", "analytics-python/2.4.0"),
        ("segment-analytics-node", "analytics-node-next/latest"),
    ],
)
def test_what_the_pipeline_makes_of_the_sdks(capture: Capture, name: str, agent: str) -> None:
    pipeline = compile_pipeline(
        parse_settings(
            "sources: {s: {type: segment, write_keys: [k]}}\n"
            "enrichment: [bot, geo]\n"
            "destinations: {all: {type: webhook, url: 'https://a.example/', consent: []}}"
        )
    )
    received = Received("s", 1_795_300_000.0, "8.8.8.8", agent, {"user-agent": agent})
    made = [
        pipeline(event, received).event
        for request in capture(name)
        for event in SOURCE.read(request).events
    ]
    assert len(made) >= 6
    for event in made:
        assert event["ip_override"] == ""
        assert "event_location" not in event
        assert event["user_agent"] in ("", "UA")
        assert not event["bot"]["is_bot"]
