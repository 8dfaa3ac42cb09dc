"""The demo shop on the default configuration, as a new visitor sees it."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from gateway.web.demo_routes import COOKIE
from tests.support.chromium import FLAGS, find_chromium
from tests.support.gateway_process import Gateway

CONFIG = (Path(__file__).parents[2] / "config" / "gateway.yaml").read_text()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    with Gateway(tmp_path_factory.mktemp("demo"), CONFIG) as running:
        yield running


def test_a_click_on_buy_shows_what_each_destination_received(gateway: Gateway) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{gateway.url}/demo")
        page.get_by_text("Nothing was sent to any destination").wait_for(timeout=60_000)
        undecided = page.locator("#undecided").inner_text()
        view = page.locator("li", has_text="view_item").first.inner_text()
        cookies = page.context.cookies()
        page.get_by_role("button", name="Accept all").click()
        first = page.locator("li.event", has=page.get_by_text("page_view", exact=True))
        first.locator(".outcome", has_text="Dry run").first.wait_for(timeout=60_000)
        released = first.inner_text()
        page.get_by_role("button", name="Buy").click()
        purchase = page.locator("li, article", has_text="purchase").first
        for destination in ("meta", "ga4", "warehouse"):
            purchase.get_by_text(destination).first.wait_for(timeout=60_000)
        purchase.get_by_text("dry run", exact=False).first.wait_for(timeout=60_000)
        text = page.locator("body").inner_text()
        (cookie,) = cookies
        other = browser.new_context().new_page()
        other.set_default_timeout(60_000)
        other.goto(f"{gateway.url}/demo")
        other.locator("li", has_text="view_item").first.wait_for(timeout=60_000)
        names = other.locator(".event-name").all_inner_texts()
        other.get_by_role("button", name="Reject all").click()
        other.locator("li", has_text="Not sent: no consent for").first.wait_for(timeout=60_000)
        browser.close()
    assert not errors
    assert "purchase" not in names
    assert "default for an unknown place because the event's address is private" in undecided
    assert "Decided by the default of the page. The place is unknown: " in view
    assert view.count("Held: waiting for the visitor's answer about ") == 2
    assert "analytics_storage" in released
    assert "denied" not in released
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Lax")
    assert cookie["expires"] == -1  # it ends with the browser
    assert "no-token-yet" not in text
    for destination in ("meta", "ga4", "warehouse"):
        outcomes = gateway.wait_until_delivered(destination)
        assert outcomes["delivered"] + outcomes["withheld"] == outcomes["accepted"] >= 3


def test_the_snippet_is_served_small_and_readable_from_other_sites(gateway: Gateway) -> None:
    with httpx.stream(
        "GET", f"{gateway.url}/gateway.js", headers={"accept-encoding": "gzip"}, timeout=60
    ) as got:
        wire = b"".join(got.iter_raw())
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(wire) < 5120
    assert b"gateway" in gzip.decompress(wire)
