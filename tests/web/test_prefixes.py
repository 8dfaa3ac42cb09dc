"""Sources below any prefix, and the paths that the gateway keeps for itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.queue.entry import Entry
from tests.web.conftest import Open

ORIGIN = "https://shop.example"
SETTINGS = parse_settings(
    f"""
    server: {{demo: true}}
    enrichment: []
    dedupe_window: 0
    sources:
      site:
        type: collect
        prefix: any
        allowed_origins: ["{ORIGIN}"]
        require_origin: true
        submission_tokens: {{secrets: [0123456789abcdef0123456789abcdef]}}
      backend: {{type: events, prefix: any, keys: [test-key]}}
      gtag: {{type: ga4, prefix: any}}
      mp:
        type: measurement_protocol
        prefix: any
        paths: [/mp/collect]
        api_secrets: {{G-1: key}}
      pinned: {{type: pixel, paths: [/metrics/g/collect]}}
    destinations:
      all: {{type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}}
    """,
    environment={},
)
EVENT = {"event_name": "page_view"}
PAGE = {"origin": ORIGIN}
BEARER = {"authorization": "Bearer test-key"}
HIT = "v=2&tid=G-1&en=page_view&cid=1.2"


@pytest.fixture
def web(open_web: Open) -> TestClient:
    return open_web(settings=SETTINGS)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/events", "backend"),
        ("/metrics/events", "backend"),
        ("/a/b/c/events/", "backend"),
        ("http://testserver//events", "backend"),
        ("/a/../events", "backend"),
        ("/a%2Fb/events", "backend"),
        ("/a%0Ab%00/%F0%9F%98%80/events", "backend"),
        ("/metrics%2Fevents", "backend"),
    ],
)
def test_an_event_below_a_prefix_is_of_its_source(
    web: TestClient, stored: Callable[..., list[Entry]], path: str, source: str
) -> None:
    assert web.post(path, json=EVENT, headers=BEARER).status_code == 200
    assert [entry.source for entry in stored()] == [source]


def test_the_longest_path_and_before_it_the_exact_one_gets_the_request(
    web: TestClient, stored: Callable[..., list[Entry]]
) -> None:
    assert web.get(f"/x/g/collect?{HIT}").status_code == 204
    image = web.get("/metrics/g/collect?event_name=seen")
    assert image.headers["content-type"] == "image/gif"
    assert [entry.source for entry in stored()] == ["gtag", "pinned"]


def test_what_is_only_to_be_checked_is_not_recorded(
    web: TestClient, stored: Callable[..., list[Entry]]
) -> None:
    body = {"client_id": "1.2", "events": [{"name": "_bad"}]}
    for prefix in ("", "/metrics"):
        url = f"{prefix}/debug/mp/collect?measurement_id=G-1&api_secret=key"
        (message,) = web.post(url, json=body).json()["validationMessages"]
        assert message["fieldPath"] == "events[0].name"
    assert not stored()
    assert web.post(url.replace("/debug", ""), json=body).status_code == 204
    assert len(stored()) == 1


@pytest.mark.parametrize("path", ["/demo/events", "/healthz", "/readyz", "/gateway.js"])
def test_paths_of_the_gateway_are_never_a_sources(
    web: TestClient, stored: Callable[..., list[Entry]], path: str
) -> None:
    assert web.post(path, json=EVENT, headers=BEARER).status_code == 405
    assert not stored()


@pytest.mark.parametrize(
    "path", ["/demo/a/events", "/metrics/events/x", "/metrics/Events", "/a" * 2000 + "/events"]
)
def test_other_paths_are_nobodys(web: TestClient, path: str) -> None:
    assert web.post(path, json=EVENT, headers=BEARER).status_code in (404, 405)


def test_pages_fetch_tokens_and_scripts_next_to_where_they_send(
    web: TestClient, stored: Callable[..., list[Entry]]
) -> None:
    body = {"events": [EVENT]}
    assert web.post("/metrics/collect", json=body).status_code == 403
    assert web.post("/metrics/collect", json=body, headers=PAGE).status_code == 403
    token = web.post("/metrics/collect/token", headers=PAGE).json()["token"]
    answer = web.post("/metrics/collect", json={**body, "submission_token": token}, headers=PAGE)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert len(stored()) == 1
    for script in ("gateway.js", "gateway-token.js"):
        below, at_root = web.get(f"/metrics/{script}"), web.get(f"/{script}")
        assert below.content == at_root.content
        assert below.headers == at_root.headers


def test_preflights_are_answered_below_a_prefix(web: TestClient) -> None:
    asked = web.options(
        "/metrics/collect",
        headers={**PAGE, "access-control-request-method": "POST"},
    )
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == ORIGIN


def test_without_a_prefix_a_source_and_the_scripts_are_at_their_paths_alone(
    open_web: Open,
) -> None:
    plain = parse_settings("sources: {site: {type: collect}}\ndestinations: {}", environment={})
    web = open_web(settings=plain)
    assert web.post("/metrics/collect", json=EVENT).status_code == 404
    assert web.get("/metrics/gateway.js").status_code == 404
