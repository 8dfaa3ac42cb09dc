"""Every page on every screen: whole, without complaints, in light and dark."""

import os

import pytest

from gateway.console.site import NAVIGATION

PATHS = [*(page.path for page in NAVIGATION), "/destinations/crm"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_a_page_is_whole(open_tab, path, width, dark):
    tab = open_tab(width, dark)
    tab.open(path)
    if folder := os.environ.get("SCREENSHOTS"):
        name = path.strip("/").replace("/", "-") or "overview"
        theme = "dark" if dark else "light"
        tab.page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
    assert tab.complaints() == []
    assert not tab.is_too_wide()
