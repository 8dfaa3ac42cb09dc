"""Events from a device with a wrong clock get the time at which they happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.queue.entry import Entry

CONFIG = """
enrichment: []
sources:
  site: {type: collect}
  backend: {type: events, keys: [test-key]}
  segment: {type: segment, write_keys: [public]}
  snowplow: {type: snowplow}
  matomo: {type: matomo}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
"""
DAY = 86_400.0
KEY = {"authorization": "Bearer test-key"}
Stored = Callable[..., list[Entry]]
Requests = Callable[[float, float], tuple[str, Any]]


@pytest.fixture
def web(open_web: Callable[..., TestClient]) -> TestClient:
    return open_web(settings=parse_settings(CONFIG))


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def own(happened: float, sent: float) -> tuple[str, Any]:
    event = {"event_name": "a", "timestamp": happened}
    return "/collect", {"sent_at": int(1000 * sent), "events": [event]}


def segment(happened: float, sent: float) -> tuple[str, Any]:
    times = {"timestamp": iso(happened), "originalTimestamp": iso(happened), "sentAt": iso(sent)}
    return "/v1/track", {"writeKey": "public", "event": "a", "anonymousId": "v", **times}


def segment_batch(happened: float, sent: float) -> tuple[str, Any]:
    message = {"type": "track", "event": "a", "anonymousId": "v", "timestamp": iso(happened)}
    stamped_before = {**message, "sentAt": iso(happened)}
    return "/v1/batch", {"writeKey": "public", "batch": [stamped_before], "sentAt": iso(sent)}


def segment_messages(happened: float, sent: float) -> tuple[str, Any]:
    message = {"type": "track", "event": "a", "anonymousId": "v", "timestamp": iso(happened)}
    return "/v1/batch", {"writeKey": "public", "batch": [{**message, "sentAt": iso(sent)}]}


def snowplow(happened: float, sent: float) -> tuple[str, Any]:
    times = {"dtm": str(int(1000 * happened)), "stm": str(int(1000 * sent))}
    payload = {"e": "se", "se_ac": "a", "duid": "v", "p": "web", **times}
    return "/com.snowplowanalytics.snowplow/tp2", {"data": [payload]}


every_device = pytest.mark.parametrize(
    "request_of", [own, segment, segment_batch, segment_messages, snowplow]
)


@every_device
@pytest.mark.parametrize("behind", [10 * DAY, -10 * DAY, 300.0])
def test_an_event_of_a_device_with_a_wrong_clock_keeps_its_age(
    web: TestClient, stored: Stored, request_of: Requests, behind: float
) -> None:
    sent = time.time() - behind
    path, body = request_of(sent - 100, sent)
    assert web.post(path, json=body).status_code in (200, 204)
    (entry,) = stored()
    assert 99 < entry.received_at - entry.event["timestamp"] < 160
    assert "sent_at" not in entry.event


@every_device
def test_by_a_clock_that_is_right_nothing_is_moved(
    web: TestClient, stored: Stored, request_of: Requests
) -> None:
    sent = time.time()
    path, body = request_of(sent - DAY, sent)
    web.post(path, json=body)
    (entry,) = stored()
    assert entry.event["timestamp"] == pytest.approx(sent - DAY, abs=0.01)


def test_a_sent_time_that_cannot_be_read_moves_nothing(web: TestClient, stored: Stored) -> None:
    happened = int(time.time()) - 100
    event = {"event_name": "a", "timestamp": happened}
    for sent in ("never", None, [], True, {"a": 1}):
        assert web.post("/collect", json={"sent_at": sent, "events": [event]}).status_code == 204
    assert [entry.event["timestamp"] for entry in stored()] == [happened] * 5


def test_a_property_of_that_name_is_a_property(web: TestClient, stored: Stored) -> None:
    happened = int(time.time()) - 100
    event = {"event_name": "a", "timestamp": happened, "sent_at": happened - 10 * DAY}
    web.post("/collect", json=event)
    (entry,) = stored()
    assert entry.event["timestamp"] == happened
    assert entry.event["sent_at"] == happened - 10 * DAY


def test_the_clock_of_a_backend_is_right(web: TestClient, stored: Stored) -> None:
    happened = int(time.time()) - 2 * DAY
    event = {"event_name": "a", "timestamp": happened}
    web.post("/events", json={"sent_at": happened, "events": [event]}, headers=KEY)
    path, body = segment(happened, happened)
    web.post(path, json={**body, "context": {"library": {"name": "analytics-python"}}})
    assert [entry.event["timestamp"] for entry in stored()] == [happened] * 2


def test_a_true_time_of_snowplow_is_true(web: TestClient, stored: Stored) -> None:
    happened = int(time.time()) - 2 * DAY
    path, body = snowplow(happened, happened)
    body["data"][0]["ttm"] = str(int(1000 * happened))
    web.post(path, json=body)
    (entry,) = stored()
    assert entry.event["timestamp"] == happened


def test_matomos_tracker_says_how_long_a_hit_has_waited(web: TestClient, stored: Stored) -> None:
    hits = [f"?idsite=1&rec=1&cdo={seconds}" for seconds in (3600, int(2 * DAY))]
    before = time.time()
    answer = web.post("/matomo.php", json={"requests": hits})
    assert (answer.json()["tracked"], answer.json()["invalid"]) == (1, 1)
    (entry,) = stored()
    assert before <= entry.event["timestamp"] + 3600.001 <= time.time() + 0.002
