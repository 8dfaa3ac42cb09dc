"""A stranger who knows an order's id cannot keep the backend's purchase from being sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from tests.web.conftest import CONFIG, Open

KEY = {"authorization": "Bearer test-key"}
PURCHASE = {"event_name": "purchase", "event_id": "order-1001", "value": 59.9}
Stored = Callable[..., list[Entry]]


@pytest.fixture(scope="module")
def deduping() -> Settings:
    return parse_settings(
        CONFIG.replace("dedupe_window: 0", "dedupe_window: 600")
        + "consent: {default: {analytics_storage: granted}, regions: []}\n"
        + "identity: {visitor_cookie: visitor_id}\n"
    )


@pytest.fixture
def web(open_web: Open, deduping: Settings) -> TestClient:
    return open_web(settings=deduping)


def sources(stored: Stored) -> list[str]:
    return [entry.source for entry in stored("sales")]


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"client_id": "1.1"},
        {"client_id": "1.1", "user_id": "u-1"},
        {"source": "backend", "trusted": True},
    ],
)
def test_a_forged_purchase_does_not_take_the_place_of_the_real_one(
    web: TestClient, stored: Stored, forged: dict[str, Any]
) -> None:
    for path in ("/collect", "/closed"):
        assert web.post(path, json={**PURCHASE, **forged}).is_success
    web.cookies.clear()
    web.post("/events", json={**PURCHASE, "client_id": "1.1"}, headers=KEY).raise_for_status()
    assert sources(stored).count("backend") == 1


def test_the_browser_s_own_purchase_after_it_is_a_repetition(
    web: TestClient, stored: Stored
) -> None:
    web.post("/events", json={**PURCHASE, "client_id": "1.1"}, headers=KEY).raise_for_status()
    assert web.post("/collect", json={**PURCHASE, "client_id": "1.1"}).is_success
    assert sources(stored) == ["backend"]


def test_a_stranger_does_not_take_the_place_of_another_browser(
    web: TestClient, stored: Stored
) -> None:
    assert web.post("/collect", json=PURCHASE).is_success
    web.cookies.clear()
    web.cookies.set("visitor_id", "8.1700000000")
    assert web.post("/collect", json=PURCHASE).is_success
    assert len(sources(stored)) == 2


def test_a_browser_that_had_no_answer_is_known_again(web: TestClient, stored: Stored) -> None:
    """Neither of its two requests has a cookie, so each gets a new visitor id, which does not
    count."""
    for _ in range(2):
        assert "visitor_id" in web.post("/collect", json=PURCHASE).headers["set-cookie"]
        web.cookies.clear()
    assert len(sources(stored)) == 1
