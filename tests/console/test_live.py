"""The live page with a gateway at work."""

from __future__ import annotations

import pytest

from tests.console.conftest import GRANTED, HOSTILE, KEY
from tests.support import plain_http
from tests.support.gateway_process import Gateway


def send(gateway: Gateway, name: str, **fields: object) -> None:
    event = {"event_name": name, "consent": GRANTED, **fields}
    answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
    assert answer.is_success


def test_events_appear_as_they_come(open_tab, running) -> None:
    tab = open_tab()
    page = tab.open("/live")
    page.get_by_text("Live.", exact=True).wait_for()
    send(running, "live one")
    item = page.locator("#live > li", has_text="live one").first
    item.wait_for()
    send(running, HOSTILE)
    page.locator("#live > li", has_text="onerror=alert").first.wait_for()
    assert tab.complaints() == []
    assert not any("hostile" in url or url.endswith("/x") for url in tab.requests)
    assert HOSTILE not in page.content()

    page.get_by_role("button", name="Pause").click()
    send(running, "live two")
    page.get_by_text("new since then").wait_for()
    assert page.locator("ol.events:visible > li", has_text="live two").count() == 0
    assert tab.complaints() == []
    page.get_by_role("button", name="Resume").click()
    page.locator("#live > li", has_text="live two").first.wait_for()

    page.locator("#live > li", has_text="live one").first.get_by_role("link").first.click()
    page.wait_for_url("**/events/*")
    assert page.locator("h1").inner_text() == "live one"


def test_a_filter_holds_for_what_comes(open_tab, running) -> None:
    page = open_tab().open("/live?event_name=wanted+one&destination=crm")
    page.get_by_text("Live.", exact=True).wait_for()
    send(running, "unwanted")
    send(running, "wanted one")
    page.locator("#live > li", has_text="wanted one").wait_for()
    assert "unwanted" not in page.locator("#live").inner_text()
    assert "warehouse" not in page.locator("#live").inner_text()


def test_it_is_readable_without_javascript(open_tab) -> None:
    page = open_tab(javascript=False).open("/live?destination=crm")
    assert page.locator("#live > li").count() > 0
    assert page.get_by_role("link", name="Reload").get_attribute("href") == "/live?destination=crm"


@pytest.mark.parametrize("query", ["ending=lost", "event_name=%00", "destination=%3Cb%3E"])
def test_odd_filters(open_tab, query: str) -> None:
    tab = open_tab()
    tab.open(f"/live?{query}")
    assert tab.complaints() == []
