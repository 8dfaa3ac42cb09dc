"""The demo shop shows a browser only the events that this browser sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from gateway.web.demo_routes import COOKIE, browser_of
from tests.support.gateway_process import wait_for

CONFIG = """
server: {demo: true, public_url: "%s"}
enrichment: []
consent: {regions: []}
sources: {site: {type: collect}, backend: {type: events, keys: [test-key]}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
KEY = {"authorization": "Bearer test-key"}


@pytest.fixture(scope="module")
def with_demo() -> Settings:
    return parse_settings(CONFIG % "http://127.0.0.1:8080")


@pytest.fixture
def gateway(open_web: Callable[..., TestClient], with_demo: Settings) -> TestClient:
    web = open_web(settings=with_demo)
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
    return web


def cookie_of(gateway: TestClient, page: str = "/demo") -> dict[str, str]:
    """The header that a browser sends once it has opened the page."""
    gateway.cookies.clear()
    (cookie,) = gateway.get(page).cookies.items()
    gateway.cookies.clear()
    return {"cookie": "=".join(cookie)}


def send(gateway: TestClient, name: str, headers: dict[str, str], path: str = "/collect") -> None:
    event = {"event_name": "purchase", "event_id": name}
    assert gateway.post(path, json=event, headers=headers).is_success


def shown(gateway: TestClient, headers: dict[str, str]) -> list[str]:
    records: list[dict[str, Any]] = gateway.get("/demo/events", headers=headers).json()["records"]
    return [record["event_id"] for record in records]


@pytest.mark.parametrize("page", ["/demo", "/demo/index.html"])
def test_two_browsers_see_only_their_own(gateway: TestClient, page: str) -> None:
    one, other = cookie_of(gateway, page), cookie_of(gateway, page)
    send(gateway, "theirs", other)
    send(gateway, "mine", one)
    send(gateway, "mine too", one)
    wait_for(lambda: shown(gateway, one) == ["mine", "mine too"], 60, "the records of one")
    assert shown(gateway, other) == ["theirs"]


def test_the_same_event_id_shows_nothing_of_another(gateway: TestClient) -> None:
    """Order ids can be guessed."""
    one, other = cookie_of(gateway), cookie_of(gateway)
    send(gateway, "T-1", one)
    send(gateway, "T-1", other)
    wait_for(lambda: shown(gateway, other) == ["T-1"], 60, "the record of the other")
    assert shown(gateway, one) == ["T-1"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": f"{COOKIE}="},
        {"cookie": f"{COOKIE}=*"},
        {"cookie": f"{COOKIE}={'a' * 31}"},
        {"cookie": f"{COOKIE}={'a' * 32}"},
        {"cookie": f"{COOKIE}={'A' * 32}"},
        {"cookie": f"{COOKIE}={'a' * 32}\n"},
    ],
    ids=["none", "empty", "a star", "short", "another", "upper case", "a line break"],
)
def test_a_stranger_sees_nothing(
    gateway: TestClient, redis: Redis, headers: dict[str, str]
) -> None:
    one = cookie_of(gateway)
    send(gateway, "no browser", {})
    send(gateway, "a backend", KEY, "/events")
    send(gateway, "mine", one)
    wait_for(lambda: shown(gateway, one) == ["mine"], 60, "the record")
    assert shown(gateway, headers) == []
    assert redis.xlen("gw:recent") == 1


def test_the_cookie_and_what_stands_for_it(
    gateway: TestClient, stored: Callable[[str], list[Entry]]
) -> None:
    answer = gateway.get("/demo")
    name = answer.cookies[COOKIE]
    words = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(words)
    assert not any(word.startswith(("Max-Age", "expires", "Domain")) for word in words)
    assert "Secure" not in words
    assert "set-cookie" not in gateway.get("/demo").headers
    assert "set-cookie" not in gateway.get("/demo/shop.js", headers={"cookie": ""}).headers
    send(gateway, "mine", {})
    (entry,) = stored("all")
    assert entry.demo_browser == browser_of(f"{COOKIE}={name}") != name
    assert name not in str(entry)


def test_by_https_the_cookie_is_secure(open_web: Callable[..., TestClient]) -> None:
    settings = parse_settings(CONFIG % "https://metrics.shop.example")
    assert "; Secure" in open_web(settings=settings).get("/demo").headers["set-cookie"]


def test_without_the_demo_the_cookie_means_nothing(
    web: TestClient, stored: Callable[[str], list[Entry]]
) -> None:
    send(web, "mine", {"cookie": f"{COOKIE}={'a' * 32}"})
    assert [entry.demo_browser for entry in stored("all")] == [""]
