"""`/link` redirects between a company's own domains, and nowhere else."""

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.web import long_work
from gateway.web.app import create_app

CONFIG = """
server: {hash_salt: a-salt-of-some-length}
sources: {site: {type: collect}}
identity: {link_domains: [shop.example, shop.test]}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""


@pytest.fixture
def web() -> TestClient:
    app = create_app(parse_settings(CONFIG, environment={}), "redis://127.0.0.1:1")
    return TestClient(app, follow_redirects=False)


def test_a_visitor_without_the_cookie_gets_the_plain_url(web: TestClient) -> None:
    answer = web.get("/link", params={"to": "https://www.shop.test/cart?a=1#top"})
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://www.shop.test/cart?a=1#top"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "to", ["", "https://elsewhere.example/", "//shop.test/", "http://shop.test/", "javascript:x"]
)
def test_other_places_are_refused(web: TestClient, to: str) -> None:
    answer = web.get("/link", params={"to": to})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("choice", "is_linked"), [("statistics:false", False), ("statistics:true", True), ("", True)]
)
def test_a_consent_cookie_that_denies_keeps_the_identity_here(choice: str, is_linked: bool) -> None:
    text = f"{CONFIG}consent: {{cookies: {{CookieConsent: cookiebot}}}}\n"
    web = TestClient(create_app(parse_settings(text, environment={}), "redis://127.0.0.1:1"))
    consent = f"; CookieConsent={{necessary:true%2C{choice}}}" if choice else ""

    answer = web.get(
        "/link",
        params={"to": "https://www.shop.test/"},
        headers={"cookie": f"visitor_id=1.2{consent}"},
        follow_redirects=False,
    )

    assert ("gw_link=" in answer.headers["location"]) is is_linked


def test_a_long_query_is_refused(web: TestClient) -> None:
    answer = web.get("/link", params={"to": "https://www.shop.test/", "a": "x" * 17_000})
    assert answer.status_code == 400
    longest = web.get(f"/link?to=https%3A%2F%2Fwww.shop.test%2F{'%61' * 4_000}")
    assert longest.headers["location"] == f"https://www.shop.test/{'a' * 4_000}"


def test_without_domains_there_is_no_such_path() -> None:
    text = CONFIG.replace("identity: {link_domains: [shop.example, shop.test]}\n", "")
    web = TestClient(create_app(parse_settings(text, environment={}), "redis://127.0.0.1:1"))
    assert web.get("/link").status_code == 404


def test_redirects_wait_for_the_turn_of_strangers(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a hundred with long cookies and queries held the event loop for seconds."""
    monkeypatch.setattr(long_work, "TURN_SECONDS", -1.0)
    monkeypatch.setattr(long_work, "MAX_WAITING_BYTES", 100)
    answer = web.get("/link", params={"to": f"https://www.shop.test/{'a' * 100}"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
