"""Jitsu, PostHog and Stape's Data Tag through the web application: bytes in, entries out."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.queue.entry import Entry
from tests.web.conftest import Open

Stored = Callable[..., list[Entry]]

SETTINGS = parse_settings(
    """
    server: {max_body_bytes: 20000}
    enrichment: []
    consent: {default: {analytics_storage: granted}, regions: []}
    sources:
      jitsu: {type: jitsu, write_keys: ["id:key"]}
      posthog: {type: posthog, write_keys: [phc_K], secret_keys: [phs_s3cret]}
      data: {type: stape_data}
    destinations:
      all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}
      statistics: {type: webhook, url: "http://127.0.0.1:9/", consent: [analytics_storage]}
    """,
    environment={},
)
PEER = "203.0.113.7"
PAGE = {"origin": "https://shop.example"}


@pytest.fixture
def sdks(open_web: Open) -> TestClient:
    return open_web(peer=PEER, settings=SETTINGS)


def posthog(key: str = "phc_K", **properties: Any) -> bytes:
    message = {"event": "a", "properties": {"distinct_id": "v-1", "$lib": "web", **properties}}
    return orjson.dumps({"api_key": key, "batch": [message]})


@pytest.mark.parametrize("path", ["/e/", "/e", "/i/v0/e/", "/batch/", "/capture/", "/track/"])
def test_gzip_that_nothing_announces(sdks: TestClient, stored: Stored, path: str) -> None:
    headers = {"content-type": "text/plain", **PAGE}
    answer = sdks.post(path, content=gzip.compress(posthog()), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"status": 1})
    (entry,) = stored()
    assert (entry.event["event_name"], entry.event["client_id"]) == ("a", "v-1")
    assert entry.event["ip_override"] == PEER


def test_a_bomb_is_refused_and_none_within_base64_is_opened(sdks: TestClient) -> None:
    bomb = gzip.compress(posthog(pad="p" * 5_000_000))
    assert len(bomb) < 20_000
    assert sdks.post("/e/", content=bomb).status_code == 413
    assert sdks.post("/e/", data={"data": b64encode(bomb).decode()}).status_code == 415


def test_posthog_js_gets_its_configuration(sdks: TestClient) -> None:
    answer = sdks.get("/array/phc_K/config?_=1")
    assert (answer.status_code, list(answer.json())) == (200, ["supportedCompression"])
    assert sdks.get("/array/phc_K/config.js").status_code == 404
    assert sdks.get("/array/other/config").status_code == 401


def test_flags_are_refused_and_counted(
    sdks: TestClient, refused: Callable[[str, str], int]
) -> None:
    for path in ("/flags/?v=2", "/flags?v=2", "/decide/?v=3"):
        answer = sdks.post(path, content=b"{}")
        assert (answer.status_code, answer.json()["reason"]) == (404, "no_feature_flags")
    assert refused("posthog", "no_feature_flags")


@pytest.mark.parametrize(
    ("key", "properties", "address"),
    [
        ("phc_K", {"$ip": "198.51.100.1"}, PEER),
        ("phc_K", {"$ip": None}, ""),
        ("phc_K", {"$geoip_disable": True}, ""),
        ("phc_K", {"$ip": "198.51.100.1", "$is_server": True}, ""),
        ("phs_s3cret", {"$ip": "198.51.100.1"}, "198.51.100.1"),
        ("phs_s3cret", {"$geoip_disable": True}, ""),
    ],
)
def test_only_a_secret_key_states_an_address(
    sdks: TestClient, stored: Stored, key: str, properties: dict[str, Any], address: str
) -> None:
    assert sdks.post("/e/", content=posthog(key, **properties), headers=PAGE).status_code == 200
    assert stored()[0].event["ip_override"] == address


def test_cookieless_mode_withholds(sdks: TestClient, stored: Stored) -> None:
    cookieless = {"distinct_id": "$posthog_cookieless", "$cookieless_mode": True}
    assert sdks.post("/e/", content=posthog(**cookieless), headers=PAGE).status_code == 200
    (entry,) = stored()
    assert entry.event["ip_override"] == ""
    assert "client_id" not in entry.event
    assert not stored("statistics")


def test_jitsu_without_the_address(sdks: TestClient, stored: Stored) -> None:
    body = {"type": "track", "event": "a", "anonymousId": "v-1", "writeKey": "id:***"}
    headers = {"x-write-key": "id:key", "x-ip-policy": "remove"}
    for path in ("/api/s/track", "/api/s/s2s/event/"):
        answer = sdks.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "destinations": []})
    assert [entry.event["ip_override"] for entry in stored()] == ["", ""]


def test_data_tag(sdks: TestClient, stored: Stored) -> None:
    sent = {"event_name": "a", "consent_state": {"analytics_storage": False}}
    image = sdks.get("/data", params={"v": "1", "dtdc": b64encode(orjson.dumps(sent)).decode()})
    assert (image.status_code, image.headers["content-type"]) == (200, "image/gif")
    answer = sdks.post("/data?event_name=b", json=[{"ip": "198.51.100.1"}, {"event": "c"}])
    first, second = stored()[1:]
    assert answer.json() == [
        {
            "timestamp": int(entry.event["timestamp"]),
            "unique_event_id": entry.event["event_id"],
        }
        for entry in (first, second)
    ]
    assert (first.event["event_name"], first.event["ip_override"]) == ("b", PEER)
    assert [entry.event["event_name"] for entry in stored("statistics")] == ["b", "b"]
