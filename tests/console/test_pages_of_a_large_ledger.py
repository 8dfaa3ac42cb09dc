"""Every page on every screen, with five million endings: complete and without complaints.

Prints how long each page takes. `LARGE_LEDGER_EVENTS` is the number of events, each with five
endings: a million by default, which takes minutes to write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from gateway.console.site import NAVIGATION
from gateway.ledger.folder import LedgerFolder
from tests.console.conftest import Tab
from tests.support import plain_http
from tests.support.gateway_process import Gateway
from tests.support.large_ledger import DESTINATIONS, Large, fill

EVENTS = int(os.environ.get("LARGE_LEDGER_EVENTS", "1000000"))
SCREENS = [(width, dark) for width in (360, 768, 1440) for dark in (False, True)]
CONFIG = """
server: {hash_salt: a-salt-for-tests}
redis: {url: embedded, data_dir: "${DATA_DIR}"}
sources: {backend: {type: events, keys: [a-long-enough-key-for-tests]}}
destinations:
"""
DESTINATION = "  %s: {type: webhook, url: 'https://%s.example/', dry_run: true}\n"

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Large]]:
    folder = tmp_path_factory.mktemp("large")
    written = fill(LedgerFolder(folder / "data" / "ledger"), EVENTS)
    config = CONFIG + "".join(DESTINATION % (name, name) for name in DESTINATIONS)
    with Gateway(folder, config).with_console() as gateway:
        yield gateway, written


def test_every_page_is_whole(chromium: Browser, large: tuple[Gateway, Large]) -> None:
    gateway, written = large
    headers = {"sec-fetch-site": "same-origin"}
    answer = plain_http.post(gateway.console_link(), headers=headers, timeout=60)
    ((name, value),) = answer.cookies.items()
    cookie = {"name": name, "value": value}
    url = f"{gateway.console_url}/events.json?ending=rejected"
    found = plain_http.get(url, cookies={name: value}, timeout=60).json()
    paths = [
        *(page.path for page in NAVIGATION),
        *(f"/?period={period}" for period in ("1h", "7d", "28d", "90d")),
        *(f"/destinations/{DESTINATIONS[0]}?period={period}" for period in ("24h", "7d")),
        "/events?ending=rejected",
        "/events?name=no_such_event",
        f"/events/{found['events'][0]['receipt']}",
    ]
    complaints = []
    for width, dark in SCREENS:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(60_000)
        context.add_cookies([{**cookie, "url": gateway.console_url}])  # type: ignore[list-item]
        tab = Tab(context.new_page(), gateway.console_url)
        for path in paths:
            begun = time.perf_counter()
            tab.open(path)
            print(f"{width:5} {'dark' if dark else 'light':5} {path:40} {_ms(begun):6.0f} ms")
            complaints += [f"{path}, {width}, {dark}: {each}" for each in tab.complaints()]
            if tab.is_too_wide():
                complaints.append(f"{path}, {width}, {dark}: wider than the screen")
        context.close()
    assert complaints == []
    assert written.events == EVENTS


def _ms(begun: float) -> float:
    return 1000 * (time.perf_counter() - begun)
