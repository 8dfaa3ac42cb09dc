"""Takes docs/demo.png: the demo shop of a running gateway, after a purchase with consent.

python -m tests.support.demo_picture    or: make demo-picture
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.chromium import FLAGS, find_chromium
from tests.support.documents import DOCS, ROOT
from tests.support.gateway_process import Gateway

PICTURE = DOCS / "demo.png"
CONFIG = (ROOT / "config" / "gateway.yaml").read_text()
VIEW = {"width": 920, "height": 1400}
AREA = {"x": 0, "y": 0, "width": VIEW["width"]}
MARGIN = 24
"""Pixels from the card of the purchase to the end of the picture."""

SECONDS = 60


def take(url: str, picture: Path) -> None:
    """Gives consent, buys, and takes the picture once each destination has the purchase."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport=VIEW, locale="en-GB", reduced_motion="reduce")
        page.set_default_timeout(SECONDS * 1000)
        page.goto(url)
        page.get_by_role("button", name="Accept all").click()
        page.get_by_role("button", name="Buy").click()
        purchase = page.locator("li.event", has=page.get_by_text("purchase", exact=True))
        for number in range(3):
            purchase.locator(".outcome", has_text="Dry run").nth(number).wait_for()
        card = purchase.bounding_box()
        assert card
        page.screenshot(path=picture, clip=AREA | {"height": card["y"] + card["height"] + MARGIN})
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Gateway(Path(folder), CONFIG) as gateway:
        take(f"{gateway.url}/demo", PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
