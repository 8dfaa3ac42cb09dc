"""A hostile event is shown on the pages, but makes the browser do nothing."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest

from tests.console.conftest import HOSTILE
from tests.console.test_pages_in_chromium import PATHS
from tests.support import plain_http
from tests.support.gateway_process import Gateway

VISIBLE = "<img src=x onerror=alert(1) hx-get=/hostile hx-trigger=load>"
SHOWN_ON = {"/", "/live", "/events", "/events/hostile"}
OWN = ("/static/", "/live/stream")
TOLD = f"?event_name={quote(HOSTILE)}&reason={quote(HOSTILE)}&period={quote(HOSTILE)}"


@pytest.fixture(scope="module")
def hostile_page(running: Gateway, cookie: dict[str, str]) -> str:
    found = plain_http.get(
        f"{running.console_url}/events.json",
        params={"event_name": HOSTILE},
        cookies={cookie["name"]: cookie["value"]},
    ).json()["events"]
    return f"/events/{found[0]['receipt']}"


@pytest.mark.parametrize("query", ["", TOLD], ids=["stored", "in the address"])
@pytest.mark.parametrize("path", [*PATHS, "/events/hostile"])
def test_a_page_shows_it_and_sends_nothing(open_tab, hostile_page, path, query):
    address = hostile_page if path == "/events/hostile" else path
    tab = open_tab()
    page = tab.open(address + query)
    page.wait_for_timeout(300)  # so that markup or htmx could send a request
    asked = {urlsplit(url).path for url in tab.requests}
    assert asked <= {address} | {each for each in asked if each.startswith(OWN)}
    assert {urlsplit(url).netloc for url in tab.requests} == {urlsplit(tab.base).netloc}
    assert page.locator("main img, main [onerror], main script").count() == 0
    assert page.locator("[hx-get='/hostile'], [hx-trigger=load]").count() == 0
    text = page.locator("main").inner_text()
    assert not set(text) & {"\x1b", "\u202e"}
    if path in SHOWN_ON and not query:
        assert VISIBLE in text
    assert tab.errors == []
