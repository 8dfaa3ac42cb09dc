"""The settings that browser SDKs request, as browsers get them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.web.openapi import public_document
from tests.web.conftest import Open

ORIGIN = "https://shop.example"
PATH = "/v1/projects/WK/settings"


def settings(more: str = "", server: str = "{}") -> Settings:
    return parse_settings(
        f"""
        server: {server}
        enrichment: []
        sources:
          site:
            type: segment
            write_keys: [WK]
            prefix: any
            allowed_origins: ["{ORIGIN}"]
            {more}
        destinations: {{}}
        """,
        environment={},
    )


def api_of(web: TestClient, path: str = PATH, **headers: str) -> tuple[str, str]:
    api = web.get(path, headers=headers).json()["integrations"]["Segment.io"]
    return api["protocol"], api["apiHost"]


HTTPS = {"host": "e.shop.example", "x-forwarded-proto": "https"}


@pytest.mark.parametrize(
    ("path", "headers", "api"),
    [
        (PATH, HTTPS, ("https", "e.shop.example/v1")),
        (f"/metrics{PATH}", HTTPS, ("https", "e.shop.example/metrics/v1")),
        (f"/a/b{PATH}/", HTTPS, ("https", "e.shop.example/a/b/v1")),
        (f"/%22%0A%3Ca{PATH}", HTTPS, ("https", "e.shop.example/%22%0A%3Ca/v1")),
        (PATH, {**HTTPS, "x-forwarded-proto": "HTTPS , http"}, ("https", "e.shop.example/v1")),
        (PATH, {**HTTPS, "x-forwarded-proto": "http, https"}, ("http", "e.shop.example/v1")),
        (PATH, {"host": "e.shop.example", "origin": ORIGIN}, ("https", "e.shop.example/v1")),
        (PATH, {"host": "e.shop.example"}, ("http", "e.shop.example/v1")),
        (PATH, {"host": "127.0.0.1:8080", "origin": ORIGIN}, ("http", "127.0.0.1:8080/v1")),
        (PATH, {"host": "[::1]:8080"}, ("http", "[::1]:8080/v1")),
        (PATH, {"host": "E.Shop.Example:8443"}, ("http", "e.shop.example:8443/v1")),
        (PATH, {"host": "evil.example/x?"}, ("http", "127.0.0.1:8080/v1")),
        (PATH, {"host": "a@evil.example"}, ("http", "127.0.0.1:8080/v1")),
        (PATH, {"host": ""}, ("http", "127.0.0.1:8080/v1")),
        (PATH, {**HTTPS, "x-forwarded-host": "evil.example"}, ("https", "e.shop.example/v1")),
    ],
)
def test_the_sdk_is_told_the_host_and_prefix_that_it_asked(
    open_web: Open, path: str, headers: dict[str, str], api: tuple[str, str]
) -> None:
    assert api_of(open_web(settings=settings()), path, **headers) == api


def test_a_public_url_that_is_configured_counts(open_web: Open) -> None:
    web = open_web(settings=settings(server="{public_url: https://m.shop.example}"))
    assert api_of(web, f"/x{PATH}", host="other.example") == ("https", "m.shop.example/x/v1")


def test_pages_of_the_site_may_ask_and_read(open_web: Open) -> None:
    web = open_web(settings=settings())
    preflight = {
        "origin": ORIGIN,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    for path in (PATH, "/sourceConfig/", "/metrics/sourceConfig"):
        assert web.options(path, headers=preflight).status_code == 200
        answer = web.get(path, params={"writeKey": "WK"}, headers={"origin": ORIGIN})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    others = web.get(PATH, headers={"origin": "https://evil.example"})
    assert (others.status_code, others.json()["reason"]) == (403, "origin")


def test_refusals_are_counted(open_web: Open, refused: Callable[[str, str], int]) -> None:
    web = open_web(settings=settings())
    assert web.get("/v1/projects/other/settings").status_code == 401
    assert web.get("/analytics.js/v1/WK/analytics.min.js").status_code == 404
    assert web.post(PATH, json={}).status_code == 405
    for reason in ("unauthorized", "no_script", "method"):
        assert refused("site", reason) == 1


def test_who_asks_needs_no_submission_token(open_web: Open) -> None:
    tokens = "submission_tokens: {secrets: [0123456789abcdef0123456789abcdef]}"
    web = open_web(settings=settings(tokens))
    assert web.get(PATH, headers={"origin": ORIGIN}).status_code == 200
    assert web.post("/v1/track", json={"writeKey": "WK"}).status_code == 403


def test_a_source_with_paths_of_its_own_is_not_asked(open_web: Open) -> None:
    web = open_web(settings=settings("paths: [/v1/track]"))
    assert web.get(PATH).status_code == 404


def test_the_document_describes_what_may_be_asked() -> None:
    document: Any = public_document(settings())
    validate(document)
    item = document["paths"]["/v1/projects/{key}/settings"]
    assert item["parameters"] == [
        {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    assert {"200", "401"} <= item["get"]["responses"].keys()
    assert [each["url"] for each in item["servers"]] == [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/{prefix}",
    ]
