"""`segment` from backends: their address and agent are not the visitor's; some are trusted."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.segment.source import Segment, SegmentSettings

Capture = Callable[..., list[Inbound]]

KEY = "WRITEKEY123"
SOURCE = Segment(SegmentSettings(type="segment", write_keys=[KEY]))
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
SECRET = "secret-write-key"
WITH_SECRET = Segment(SegmentSettings(type="segment", write_keys=[KEY], secret_keys=[SECRET]))


def read(*messages: dict[str, Any], **envelope: Any) -> Batch:
    batch = [{"event": "A", **message} for message in messages]
    body = orjson.dumps({"writeKey": KEY, "batch": batch, **envelope})
    return SOURCE.read(Inbound("POST", "/v1/track", body=body))


def by(library: Any, **context: Any) -> Batch:
    return read({"context": {"library": library, **context}})


def shown(key: str, query: str = "", headers: dict[str, str] | None = None) -> Batch:
    """The batch of a request with `key` in its body."""
    body = {"writeKey": key, "event": "A", "context": {"ip": "203.0.113.9", "userAgent": CHROME}}
    request = Inbound("POST", "/v1/track", query, headers or {}, orjson.dumps(body))
    return WITH_SECRET.read(request)


@pytest.mark.parametrize(
    "name",
    [
        "@segment/analytics-node",
        "analytics-node",
        "@rudderstack/rudder-sdk-node",
        "analytics-python",
        "rudder-analytics-python",
        "analytics-ruby",
        "rudderanalytics-ruby",
        "analytics-php",
        "rudder-analytics-php",
        "analytics-go",
        "analytics-java",
        "Analytics.NET",
    ],
)
def test_a_request_of_a_library_for_backends_is_a_backends(name: str) -> None:
    batch = by({"name": name, "version": "1"})
    assert (batch.events, batch.backend, batch.trusted) == ([{"event_name": "A"}], True, False)


@pytest.mark.parametrize("message", [{"channel": "server"}, {"context": {"channel": "server"}}])
def test_so_is_what_says_that_it_comes_from_a_server(message: dict[str, Any]) -> None:
    assert read(message).backend


def test_one_message_of_a_backend_makes_the_whole_request_a_backends() -> None:
    assert read({}, {"channel": "server"}, {"channel": "web"}).backend
    assert not read({}, {"channel": "web"}).backend


def test_the_visitor_that_a_message_states_is_a_claim_for_the_pipeline_to_judge() -> None:
    (event,) = by({"name": "analytics-python"}, userAgent=CHROME, ip="203.0.113.9").events
    assert event == {"event_name": "A", "user_agent": CHROME, "ip_override": "203.0.113.9"}


def test_the_address_0_0_0_0_asks_that_none_is_kept() -> None:
    (event,) = by({"name": "analytics.js"}, ip="0.0.0.0").events
    assert event == {"event_name": "A", "ip_override": ""}


@pytest.mark.parametrize(
    "library",
    [
        {"name": "analytics.js"},
        {"name": "RudderLabs JavaScript SDK"},
        {"name": "analytics-ios"},
        {"name": "analytics-android"},
        {"name": "analytics-kotlin"},
        {"name": "@segment/analytics-react-native"},
        {"name": "analytics-python-of-mine"},
        {"name": None},
        {"name": ["analytics-python"]},
        {"name": 5},
        {},
        None,
        "analytics",
        [],
    ],
)
def test_browsers_apps_and_strangers_are_no_backends(library: Any) -> None:
    batch = by(library)
    assert (batch.events, batch.backend) == ([{"event_name": "A"}], False)


def test_the_context_of_a_batch_holds_where_a_message_says_nothing() -> None:
    """The libraries for Go and Java send one."""
    shared = {"library": {"name": "analytics-go"}, "locale": "de"}
    batch = read({}, context=shared)
    assert (batch.events, batch.backend) == ([{"event_name": "A", "language": "de"}], True)
    own = {"library": {"name": "analytics.js"}, "locale": "en"}
    batch = read({"context": own}, context=shared)
    assert (batch.events, batch.backend) == ([{"event_name": "A", "language": "en"}], False)
    for nothing in (None, [], "x", 7):
        batch = read({}, context=nothing)
        assert (batch.events, batch.backend) == ([{"event_name": "A"}], False)


ALL = """
sources: {s: {type: segment, write_keys: [k]}}
enrichment: [bot, geo]
destinations: {all: {type: webhook, url: 'https://a.example/', consent: []}}
"""


def test_who_shows_a_secret_key_is_trusted() -> None:
    basic = b64encode(f"{SECRET}:".encode()).decode()
    for batch in (
        shown(SECRET),
        shown("", headers={"authorization": f"Basic {basic}"}),
        shown("", headers={"x-write-key": SECRET}),
        shown(KEY, headers={"x-write-key": SECRET}),
    ):
        assert (batch.trusted, batch.backend) == (True, True)
    assert not shown(KEY).trusted


def test_a_secret_key_in_the_query_is_not_accepted() -> None:
    with pytest.raises(Refused):
        shown("", query=f"writeKey={SECRET}")
    assert not shown("", query=f"writeKey={KEY}").trusted


def test_a_public_key_cannot_be_a_secret_one() -> None:
    with pytest.raises(ValidationError) as refused:
        SegmentSettings(type="segment", write_keys=[KEY], secret_keys=[KEY])
    assert "secret_keys: a key is also in write_keys" in str(refused.value)


@pytest.mark.parametrize(("key", "ip", "agent"), [(KEY, "", ""), (SECRET, "203.0.113.9", CHROME)])
def test_only_a_trusted_backend_can_state_the_visitor(key: str, ip: str, agent: str) -> None:
    body = {
        "writeKey": key,
        "event": "A",
        "channel": "server",
        "context": {"ip": "203.0.113.9", "userAgent": CHROME},
    }
    batch = WITH_SECRET.read(Inbound("POST", "/v1/track", body=orjson.dumps(body)))
    pipeline = compile_pipeline(parse_settings(ALL))
    received = Received(
        "s", 1_795_300_000.0, "8.8.8.8", "node", trusted=batch.trusted, backend=batch.backend
    )
    event = pipeline(batch.events[0], received).event
    assert (event["ip_override"], event["user_agent"]) == (ip, agent)


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("segment-analytics-python", "analytics-python/2.4.0"),
        ("segment-analytics-node", "analytics-node-next/latest"),
    ],
)
def test_what_the_pipeline_makes_of_the_sdks(capture: Capture, name: str, agent: str) -> None:
    pipeline = compile_pipeline(parse_settings(ALL))
    made = []
    for request in capture(name):
        batch = SOURCE.read(request)
        assert batch.backend
        received = Received(
            "s", 1_795_300_000.0, "8.8.8.8", agent, {"user-agent": agent}, backend=True
        )
        made += [pipeline(event, received).event for event in batch.events]
    assert len(made) >= 6
    for event in made:
        assert event["ip_override"] == ""
        assert "event_location" not in event
        assert event["user_agent"] == ""
        assert not event["bot"]["is_bot"]


ADA, BOB = {"userId": "ada"}, {"userId": "bob"}
VISITOR = {"anonymousId": "v"}
PAGE = {"origin": "https://shop.example"}


@pytest.mark.parametrize(
    ("messages", "headers", "backend"),
    [
        ([ADA], {}, True),
        ([ADA, BOB], {}, True),
        ([ADA, BOB], PAGE, True),
        ([{"userId": 7}, {"userId": 8, "anonymousId": None}], PAGE, True),
        ([ADA], PAGE, False),
        ([ADA, ADA], PAGE, False),
        ([ADA | VISITOR], {}, False),
        ([ADA | VISITOR, BOB | VISITOR], {}, False),
        ([VISITOR], {}, False),
        ([{}], {}, False),
        ([{"userId": []}, {"userId": {}}, {"userId": ""}], {}, False),
    ],
)
def test_users_without_a_visitor_are_named_by_a_backend(
    messages: list[dict[str, Any]], headers: dict[str, str], backend: bool
) -> None:
    body = orjson.dumps({"writeKey": KEY, "batch": [{"event": "A", **each} for each in messages]})
    assert SOURCE.read(Inbound("POST", "/v1/batch", headers=headers, body=body)).backend == backend


def test_customers_of_a_backend_get_no_invented_visitor_and_no_cookie() -> None:
    consent = {"consent": dict.fromkeys(["ad_storage", "analytics_storage"], "granted")}
    batch = read(ADA | consent, BOB | consent, {"userId": "eve", "anonymousId": None} | consent)
    pipeline = compile_pipeline(parse_settings(ALL))
    received = Received("s", 1_795_300_000.0, "8.8.8.8", "guzzle", backend=batch.backend)
    decisions = [pipeline(event, received) for event in batch.events]
    assert [each.event["user_id"] for each in decisions] == ["ada", "bob", "eve"]
    for decision in decisions:
        assert "client_id" not in decision.event
        assert decision.cookies == ()
        assert decision.stated_visitor == ""
