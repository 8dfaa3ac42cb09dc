"""Every page on every screen, light and dark: complete and without complaints."""

import os

import pytest

from gateway.console.site import NAVIGATION

PATHS = [*(page.path for page in NAVIGATION), "/destinations/crm"]


SCREENS = [
    pytest.param(360, True, id="phone, dark"),
    pytest.param(1440, False, id="desktop, light"),
    *(
        pytest.param(width, dark, id=f"{width}, dark={dark}", marks=pytest.mark.nightly)
        for width, dark in ((360, False), (768, False), (768, True), (1440, True))
    ),
]


def scrolled_sideways(tab):
    """The tables that are wider than the screen."""
    return tab.page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth >"
        " each.clientWidth + 1).map(each => each.textContent.trim().slice(0, 40))"
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_a_page_is_whole(open_tab, path, width, dark):
    tab = open_tab(width, dark)
    tab.open(path)
    if folder := os.environ.get("SCREENSHOTS"):
        name = path.strip("/").replace("/", "-") or "overview"
        theme = "dark" if dark else "light"
        tab.page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
    assert tab.complaints() == []
    assert not tab.is_too_wide()
    if width == 360:
        assert scrolled_sideways(tab) == []
