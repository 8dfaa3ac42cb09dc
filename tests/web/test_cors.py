"""CORS: only pages of the configured origins may read answers and send cookies."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from tests.web.conftest import Open

EVENT = {"event_name": "page_view"}
ALLOWED = ["https://shop.example", "http://localhost:3000"]
OTHERS = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://sub.shop.example",
    "https://SHOP.example.",
    "http://localhost",
    "https://localhost:3000",
    "file://",
    "null",
    "*",
    "",
]


def preflight(origin: str, method: str = "POST", headers: str = "content-type") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


@pytest.mark.parametrize("origin", ALLOWED)
def test_an_allowed_page_may_send_cookies_and_read_the_answer(web: TestClient, origin: str) -> None:
    asked = web.options("/collect", headers=preflight(origin))
    assert asked.status_code == 200
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert int(asked.headers["access-control-max-age"]) >= 60
    answer = web.post("/collect", json=EVENT, headers={"origin": origin})
    assert answer.status_code == 204
    for each in (asked, answer):
        assert each.headers["access-control-allow-origin"] == origin
        assert each.headers["access-control-allow-credentials"] == "true"
        assert "origin" in each.headers["vary"].lower()


@pytest.mark.parametrize("origin", OTHERS)
def test_another_page_may_read_no_more_than_that_it_is_refused(
    web: TestClient, origin: str
) -> None:
    asked = web.options("/collect", headers=preflight(origin))
    answer = web.post("/collect", json=EVENT, headers={"origin": origin})
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    assert (answer.status_code, answer.json()["reason"]) == (403, "origin")


SDKS = parse_settings(
    """
    sources:
      collect: {type: collect, allowed_origins: ["https://shop.example"]}
      segment:
        type: segment
        write_keys: [wk]
        paths: [/segment]
        allowed_origins: ["https://shop.example"]
      jitsu:
        type: jitsu
        write_keys: [wk]
        paths: [/jitsu]
        allowed_origins: ["https://shop.example"]
      snowplow: {type: snowplow, paths: [/snowplow], allowed_origins: ["https://shop.example"]}
      umami: {type: umami, paths: [/umami], allowed_origins: ["https://shop.example"]}
    destinations: {}
    """,
    environment={},
)
HEADERS = {
    "collect": ["content-type", "authorization", "x-submission-token"],
    "segment": [
        *("content-type", "authorization", "x-write-key", "anonymousid", "sentat", "x-retry-count"),
        *("rsa-recovered", "rsa-retry-attempt", "rsa-retry-reason"),
        *("rsa-since-first-attempt", "rsa-since-last-attempt"),
    ],
    "jitsu": ["content-type", "x-write-key", "x-ip-policy", "x-enable-debug"],
    "snowplow": ["content-type", "sp-anonymous"],
    "umami": ["content-type", "x-umami-cache", "x-umami-hostname", "x-umami-website-id"],
}


@pytest.mark.parametrize("source", HEADERS)
def test_headers_of_its_sdks_are_allowed_at_a_source_and_no_others(
    open_web: Open, source: str
) -> None:
    web = open_web(settings=SDKS)
    for header in sorted({header for headers in HEADERS.values() for header in headers}):
        asked = web.options(f"/{source}", headers=preflight(ALLOWED[0], headers=header))
        usual = header in ("authorization", "x-submission-token")
        assert (asked.status_code == 200) == (usual or header in HEADERS[source]), header


@pytest.mark.parametrize(
    "request_", [preflight(ALLOWED[0], method="DELETE"), preflight(ALLOWED[0], headers="x-other")]
)
def test_other_methods_and_headers_are_not(web: TestClient, request_: dict[str, str]) -> None:
    assert web.options("/collect", headers=request_).status_code == 400


def test_a_page_may_read_why_it_was_refused(web: TestClient) -> None:
    for content in (b"{", b"x" * 30_000):
        answer = web.post("/collect", content=content, headers={"origin": ALLOWED[0]})
        assert answer.status_code in (400, 413)
        assert answer.headers["access-control-allow-origin"] == ALLOWED[0]


def test_a_source_without_origins_allows_nobody(web: TestClient) -> None:
    asked = web.options("/closed", headers=preflight(ALLOWED[0]))
    answer = web.post("/closed", json=EVENT, headers={"origin": ALLOWED[0]})
    assert asked.status_code == 405
    assert answer.status_code == 204
    assert "access-control-allow-origin" not in {**asked.headers, **answer.headers}


@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
def test_pages_cannot_read_what_operators_see(web: TestClient, path: str) -> None:
    answer = web.get(path, headers={"origin": ALLOWED[0]})
    assert "access-control-allow-origin" not in answer.headers
