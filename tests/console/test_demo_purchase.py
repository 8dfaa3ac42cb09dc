"""A purchase in the demo shop of the default configuration is found in the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.support.documents import ROOT
from tests.support.gateway_process import Gateway, wait_for

CONFIG = (ROOT / "config" / "gateway.yaml").read_text()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with Gateway(tmp_path, CONFIG).with_console() as gateway:
        yield gateway


def test_a_purchase_in_the_shop_is_found_in_the_console(chromium: Browser, gateway: Gateway):
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{gateway.url}/demo")
    assert page.get_by_text("find them in its console too").is_visible()
    assert gateway.console_url not in page.content()
    page.get_by_role("button", name="Accept all").click()
    page.get_by_role("button", name="Buy").click()
    order = page.get_by_text(re.compile(r"Order T-\w+ is placed")).inner_text().split()[1]
    purchase = page.locator("li.event", has=page.get_by_text("purchase", exact=True))
    purchase.locator(".outcome", has_text="Dry run").nth(2).wait_for()
    event_id = purchase.locator(".event-id").get_attribute("title")

    page.goto(gateway.console_link())
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Overview").wait_for()
    (cookie,) = context.cookies(gateway.console_url)[-1:]
    with httpx.Client(base_url=gateway.console_url) as console:
        console.cookies.set(cookie["name"], cookie["value"])

        def ask(path: str, **query: str) -> Any:
            answer = console.get(path, params=query)
            assert answer.status_code == 200, answer.text
            return answer.json()

        wanted = {"event_name": "purchase", "where": f"transaction_id={order}"}
        (found,) = wait_for(lambda: ask("/events.json", **wanted)["events"], 60, "the purchase")
        assert event_id in str(ask(f"/events/{found['receipt']}.json"))
    context.close()
