"""The demo shop runs only its own scripts, at whatever path its page is opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings

CONFIG = """
server: {demo: true}
enrichment: []
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


@pytest.fixture(scope="module")
def with_demo() -> Settings:
    return parse_settings(CONFIG)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/demo", "text/html"),
        ("/demo/index.html", "text/html"),
        ("/demo//index.html", "text/html"),
        ("/demo/./index.html", "text/html"),
        ("/demo/shop.js", "text/javascript"),
        ("/demo/icon.svg", "image/svg+xml"),
        ("/demo/events", "application/json"),
    ],
)
def test_every_part_says_what_may_run(
    open_web: Callable[..., TestClient], with_demo: Settings, path: str, kind: str
) -> None:
    answer = open_web(settings=with_demo).get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
