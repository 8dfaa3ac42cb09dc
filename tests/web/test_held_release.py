"""A page that states consent releases the events held for it, and only those, before its answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.delivery.release import PageRelease
from gateway.queue.entry import Entry
from gateway.redis_client.connect import RedisError
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS

CONFIG = """
server: {hash_salt: a-salt-of-the-shop}
dedupe_window: 0
enrichment: []
consent: {default: {}, regions: [], hold: {seconds: 600}, withdrawals: true}
sources:
  site: {type: collect}
  backend: {type: events, keys: [test-key]}
  image: {type: pixel}
  google: {type: ga4}
  tools: {type: segment, write_keys: [test-key]}
  tracker: {type: snowplow}
  server: {type: measurement_protocol, api_secrets: {G-1: test-key}}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: [ad_storage]}
"""
TOKEN, OTHER = "a" * 32, "b" * 32
KNOWN = "123.456"
GRANTED = {"ad_storage": "granted"}
Stored = Callable[..., list[Entry]]


def page(token: str, *events: dict[str, Any]) -> dict[str, Any]:
    return {"page_token": token, "events": list(events)}


def event(name: str, consent: dict[str, str] | None = None) -> dict[str, Any]:
    stated = {"consent": consent} if consent else {}
    return {"event_name": name, "event_id": name, "client_id": KNOWN, **stated}


@pytest.fixture
def web(open_web: Callable[..., TestClient]) -> Iterator[TestClient]:
    client = open_web(settings=parse_settings(CONFIG, environment={}))
    wait_for(lambda: client.get("/readyz").status_code == 200, 60, "readiness")
    return client


def names(stored: Stored) -> list[str]:
    return [entry.event["event_name"] for entry in stored("all")]


def test_a_page_releases_its_events_before_it_is_answered(web: TestClient, stored: Stored) -> None:
    assert web.post("/collect", json=page(TOKEN, event("a"), event("b"))).status_code == 204
    assert names(stored) == []
    assert web.post("/collect", json=page(TOKEN, event("c", GRANTED))).status_code == 204
    assert names(stored) == ["c", "a", "b"]


def test_events_of_one_request_are_released_by_another_of_it(
    web: TestClient, stored: Stored
) -> None:
    assert (
        web.post("/collect", json=page(TOKEN, event("a"), event("b", GRANTED))).status_code == 204
    )
    assert names(stored) == ["b", "a"]


COOKIES = f"visitor_id={KNOWN}; _ga=GA1.1.{KNOWN}; gateway_client_id={KNOWN}; visitor_id_proof=x"
GOOGLE = f"v=2&tid=G-1&cid={KNOWN}&en=word&gcs=G111"
SNOWPLOW = {
    "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
    "data": [{"e": "pv", "duid": KNOWN, "consent.ad_storage": "granted", "p": "web"}],
}


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/collect", {"json": event("word", GRANTED)}),
        ("POST", "/collect", {"json": page("", event("word", GRANTED))}),
        ("POST", "/collect", {"json": page(OTHER, event("word", GRANTED))}),
        ("POST", "/collect", {"json": page(TOKEN[1:] + "b", event("word", GRANTED))}),
        ("POST", "/collect", {"json": {**event("word", GRANTED), "page_token": TOKEN}}),
        ("POST", "/events", {"json": page(TOKEN, event("word", GRANTED))}),
        ("GET", f"/pixel.gif?page_token={TOKEN}&client_id={KNOWN}&consent.ad_storage=granted", {}),
        ("POST", f"/g/collect?{GOOGLE}&ep.page_token={TOKEN}", {}),
        (
            "POST",
            "/mp/collect?measurement_id=G-1&api_secret=test-key",
            {"json": {"client_id": KNOWN, "events": [{"name": "word"}], "consent": GRANTED}},
        ),
        (
            "POST",
            "/v1/track",
            {"json": {"event": "word", "anonymousId": KNOWN, "context": {"consent": GRANTED}}},
        ),
        ("POST", "/com.snowplowanalytics.snowplow/tp2", {"json": SNOWPLOW}),
    ],
)
def test_a_stranger_with_a_known_client_id_releases_nothing(
    web: TestClient, redis: Redis, stored: Stored, method: str, path: str, options: dict[str, Any]
) -> None:
    web.post("/collect", json=page(TOKEN, event("a")))
    headers = {"cookie": COOKIES}
    if path == "/events":
        headers["authorization"] = "Bearer test-key"
    if path == "/v1/track":
        headers["authorization"] = f"Basic {b64encode(b'test-key:').decode()}"
    assert web.request(method, path, headers=headers, **options).status_code < 300
    assert "a" not in names(stored)
    assert redis.hget(KEYS.destination("all").counts, "held") == b"1"
    web.post("/collect", json=page(TOKEN, event("c", GRANTED)))
    assert names(stored)[-1] == "a"


def test_a_release_that_fails_is_repeated_by_the_page(
    web: TestClient, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.post("/collect", json=page(TOKEN, event("a")))
    with monkeypatch.context() as patched:

        async def fail(*_: object) -> None:
            raise RedisError(TOKEN)

        patched.setattr(PageRelease, "__call__", fail)
        answer = web.post("/collect", json=page(TOKEN, event("b", GRANTED)))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["reason"] == "unavailable"
    assert TOKEN not in answer.text
    assert names(stored) == ["b"]
    web.post("/collect", json=page(TOKEN, event("b", GRANTED)))
    assert names(stored) == ["b", "b", "a"]


ANALYTICS = {"ad_storage": "granted", "analytics_storage": "granted"}
ADS_ONLY = {"ad_storage": "granted", "analytics_storage": "denied"}
VISIT = {"client_id": KNOWN, "ga_session_id": "1700000000", "ga_session_number": 3}


@pytest.mark.parametrize(
    ("view", "update", "found"),
    [
        ({}, {**VISIT, "consent": ANALYTICS}, VISIT),
        ({"client_id": "9.9"}, {**VISIT, "consent": ANALYTICS}, {"client_id": "9.9"}),
        ({}, {**VISIT, "consent": ADS_ONLY}, {}),
        ({}, {"consent": ADS_ONLY}, {}),
    ],
    ids=["taken over", "has its own", "may not be known", "is not known"],
)
def test_a_released_event_takes_over_the_visit_that_a_grant_allows(
    open_web: Callable[..., TestClient],
    stored: Stored,
    view: dict[str, Any],
    update: dict[str, Any],
    found: dict[str, Any],
) -> None:
    settings = parse_settings(CONFIG + "identity: {visitor_cookie: null}", environment={})
    web = open_web(settings=settings)
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
    first = {"event_name": "page_view", "event_id": "view", **view}
    web.post("/collect", json=page(TOKEN, first))
    web.post("/collect", json=page(TOKEN, {"event_name": "choice", "event_id": "c", **update}))
    released = stored("all")[-1].event
    assert released["event_name"] == "page_view"
    assert {name: released[name] for name in VISIT if name in released} == found


def test_an_answer_that_a_rule_drops_releases_what_is_held(
    open_web: Callable[..., TestClient], stored: Stored
) -> None:
    drop = "rules: [{when: {event_name: consent_update}, drop: true}]"
    web = open_web(settings=parse_settings(CONFIG + drop, environment={}))
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
    web.post("/collect", json=page(TOKEN, event("a")))
    web.post("/collect", json=page(TOKEN, event("consent_update", GRANTED)))
    assert names(stored) == ["a"]
