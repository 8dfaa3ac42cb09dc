"""CORS: pages of the configured origins may read answers and send cookies, and no others."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

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


@pytest.mark.parametrize("header", ["content-type", "authorization", "x-write-key", "sp-anonymous"])
def test_headers_of_the_sdks_are_allowed(web: TestClient, header: str) -> None:
    asked = web.options("/collect", headers=preflight(ALLOWED[0], headers=header))
    assert asked.status_code == 200
    assert header in asked.headers["access-control-allow-headers"].lower()


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
