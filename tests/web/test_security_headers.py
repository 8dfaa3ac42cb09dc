"""Security headers on everything that a browser can open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.web.scripts import SCRIPTS
from gateway.web.security_headers import DEFAULTS
from tests.support.operators import operators

CONFIG = """
server: {demo: true}
enrichment: []
identity: {link_domains: [shop.example], link_secret: a-secret-of-some-length}
sources: {site: {type: collect, allowed_origins: ["https://shop.example"]}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


@pytest.fixture
def gateway(open_web: Callable[..., TestClient]) -> TestClient:
    return open_web(settings=parse_settings(CONFIG))


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/", {}),
        ("/healthz", {}),
        ("/readyz", {}),
        ("/no/such/page", {}),
        ("/demo", {"content-security-policy"}),
        ("/demo/nothing.html", {}),
        ("/demo/events", {"content-security-policy"}),
        ("/gateway.js", {"cross-origin-resource-policy"}),
        ("/gateway-token.js", {"cross-origin-resource-policy"}),
        ("/gateway-measurement.js", {"cross-origin-resource-policy"}),
        ("/link?to=nowhere", {"referrer-policy"}),
    ],
)
def test_every_page_has_each_of_them_once(gateway: TestClient, path: str, own: set[str]) -> None:
    answer = gateway.get(path)
    for name, value in DEFAULTS.items():
        (given,) = answer.headers.get_list(name)
        assert (given == value) is (name not in own), name


@pytest.mark.parametrize("path", [f"/{name}" for name in SCRIPTS])
def test_pages_of_other_sites_can_load_the_scripts(gateway: TestClient, path: str) -> None:
    assert gateway.get(path).headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_link_to_another_domain_keeps_its_window(gateway: TestClient) -> None:
    url = "/link?to=https%3A%2F%2Fshop.example%2F"
    answer = gateway.get(url, follow_redirects=False)
    assert answer.status_code == 302
    assert "cross-origin-opener-policy" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz"])
@pytest.mark.parametrize("host", ["localhost", "shop.example"])
def test_operators_get_them_too(gateway: TestClient, path: str, host: str) -> None:
    answer = operators(gateway, host=host).get(path)
    assert {name: answer.headers[name] for name in DEFAULTS} == DEFAULTS


def test_answers_to_events_have_none_of_them_and_keep_their_own(gateway: TestClient) -> None:
    origin = {"origin": "https://shop.example"}
    answer = gateway.post("/collect", json={"event_name": "page_view"}, headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers.keys().isdisjoint(DEFAULTS)


@pytest.mark.parametrize("path", ["/healthz/", "/gateway.js/", "/link/?to=x"])
def test_nobody_is_sent_to_the_host_that_a_request_names(gateway: TestClient, path: str) -> None:
    answer = gateway.get(path, headers={"host": "evil.example"}, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) == (404, None)
