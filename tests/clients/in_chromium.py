"""The SDKs for pages: Chromium opens a page of a shop that uses them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.browser.conftest import FLAGS, Server, find_chromium, wait_for

PLAUSIBLE = """
    import { init, track } from '/npm/@plausible-analytics/tracker/plausible.js';
    const customProperties = { user: 'USER' };
    init({ domain: 'shop.example', endpoint: 'GATEWAY/api/event', customProperties });
    track('sign_up', {
      props: { method: 'e-mail' },
      revenue: { amount: 5, currency: 'EUR' },
      callback: () => { window.isSent = true; },
    });
"""


def send_from_page(gateway: str, modules: Path, user: str) -> None:
    """Sends the events of Plausible's tracker. modules: a folder `node_modules`."""
    code = PLAUSIBLE.replace("GATEWAY", gateway).replace("USER", user)

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(f'<!doctype html><script type="module">{code}</script>')

    shop = Server(
        Starlette(routes=[Route("/cup", page), Mount("/npm", StaticFiles(directory=modules))])
    )
    shop.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
            opened = browser.new_page()
            opened.add_init_script("window.__plausible = true")  # it ignores driven browsers
            opened.goto(f"http://www.shop.example:{shop.port}/cup")
            wait_for(lambda: opened.evaluate("window.isSent"), "Plausible's tracker")
            browser.close()
    finally:
        shop.stop()
