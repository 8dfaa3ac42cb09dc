"""Takes docs/console-*.png: pages of the console, with the events of a shop in nine days.

python -m tests.support.console_pictures    or: make console-pictures
"""

from __future__ import annotations

import sys
import tempfile
import time
from math import pi, sin
from pathlib import Path
from random import Random

from playwright.sync_api import Page, sync_playwright

from gateway.configuration.load import parse_settings
from gateway.ledger.folder import LedgerFolder
from tests.support import plain_http
from tests.support.chromium import FLAGS, find_chromium
from tests.support.documents import DOCS, ROOT
from tests.support.gateway_process import Gateway, wait_for
from tests.support.large_ledger import DAY, fill
from tests.support.sink_server import Sink

EVENTS, DAYS, GROWTH = 27_000, 9.0, 0.15
VIEW = {"width": 1440, "height": 1080}
KEY = {"authorization": "Bearer a-key-for-these-pictures"}
ORDER = "T-20417"
PURCHASE = {
    "event_name": "purchase",
    "event_id": "f3b2c1d0-5a7e-4c1b-9d2f-8e6a4b0c7d11",
    "transaction_id": ORDER,
    "client_id": "1730412345.1795210000",
    "value": 89.8,
    "currency": "EUR",
    "page_location": "https://shop.example/checkout/thanks",
    "page_title": "Thank you",
    "user_data": {"email_address": "ada@example.com"},
    "items": [{"item_id": "TIDE-350", "item_name": "Tidewater mug", "price": 44.9, "quantity": 2}],
    "event_location": {"country": "DE"},
    "consent": {
        "ad_storage": "granted",
        "ad_user_data": "denied",
        "ad_personalization": "denied",
        "analytics_storage": "granted",
    },
}
CONFIG = """
server: {{hash_salt: salt}}
redis: {{url: embedded, data_dir: "{data}"}}
consent: {{default: {{ad_storage: denied, analytics_storage: denied, ad_user_data: denied}}}}
sources:
  shop: {{type: events, keys: [a-key-for-these-pictures]}}
destinations:
  ads: {{type: webhook, url: "{sink}/ads", allow_private_addresses: true, consent: [ad_storage]}}
  books: {{type: webhook, url: "{sink}/books", allow_private_addresses: true, consent: []}}
  crm:
    type: webhook
    url: {sink}/crm
    allow_private_addresses: true
    consent: []
    rules: [{{name: no guests, when: {{event_name: page_view}}, drop: true}}]
  meta:
    type: webhook
    url: {sink}/meta
    allow_private_addresses: true
    consent: [ad_storage, ad_user_data]
  warehouse:
    type: webhook
    url: {sink}/warehouse
    allow_private_addresses: true
    consent: [analytics_storage]
"""


def by_day_and_night(fraction: float) -> float:
    """Moves evenly spread events so that few are at night (UTC) and each day has more than the one
    before."""
    now = time.time() % DAY / DAY
    grown = fraction + GROWTH * fraction * (1 - fraction)
    turn = 2 * pi * (grown * DAYS - DAYS + now)
    return grown + 0.5 * (sin(turn) - sin(2 * pi * now)) / (2 * pi * DAYS)


def send(gateway: Gateway) -> None:
    """Sends the events of some of today's visitors, and the purchase."""
    chance = Random(7)
    for number in range(60):
        name = chance.choice(["page_view", "page_view", "view_item", "add_to_cart"])
        shared = {key: PURCHASE[key] for key in ("consent", "event_location")}
        event = {"event_name": name, "event_id": f"e-{number}", **shared}
        plain_http.post(f"{gateway.url}/events", json=event, headers=KEY).raise_for_status()
    plain_http.post(f"{gateway.url}/events", json=PURCHASE, headers=KEY).raise_for_status()
    for name in ("ads", "books", "crm", "warehouse"):
        gateway.wait_until_delivered(name)
    wait_for(lambda: is_stored(gateway), 60, "the ledger to have the purchase")


def is_stored(gateway: Gateway) -> bool:
    order = f"transaction_id={ORDER}"
    endings = gateway.command("events", "list", "--where", order, "--json").splitlines()
    return len(endings) == 5


def take(page: Page, name: str) -> None:
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")
    picture = DOCS / f"console-{name}.png"
    page.screenshot(path=picture)
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KB")


def take_all(gateway: Gateway) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport=VIEW, locale="en-GB", reduced_motion="reduce")
        page.goto(gateway.console_link())
        page.get_by_role("button").click()
        take(page, "overview")
        page.goto(f"{gateway.console_url}/events?event_name=purchase&where=transaction_id={ORDER}")
        page.locator("main a[href^='/events/']").first.click()
        take(page, "event")
        page.goto(f"{gateway.console_url}/privacy?period=7d")
        take(page, "consent")
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Sink(lambda _: (200, b"{}")) as sink:
        config = CONFIG.format(data=f"{folder}/data", sink=sink.url)
        fill(LedgerFolder.of(parse_settings(config)), EVENTS, DAYS, spread=by_day_and_night)
        with Gateway(Path(folder), config).with_console() as gateway:
            send(gateway)
            take_all(gateway)


if __name__ == "__main__":
    sys.exit(main())
