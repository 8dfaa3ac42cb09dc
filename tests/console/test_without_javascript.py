"""Without JavaScript, every page can be read and links to the others."""

from __future__ import annotations

import pytest

from gateway.console.site import NAVIGATION
from tests.console.test_pages_in_chromium import PATHS


@pytest.mark.parametrize("path", PATHS)
def test_a_page_can_be_read(open_tab, path):
    tab = open_tab(javascript=False)
    page = tab.open(path)
    assert page.locator("main").inner_text().strip()
    assert [url for url in tab.requests if ".js" in url] == []
    assert page.get_by_role("navigation", name="Pages").get_by_role("link").count() == len(
        NAVIGATION
    )
    for chart in page.locator("figure.chart").all():
        chart.get_by_text("Numbers").click()
        assert chart.get_by_role("table").is_visible()
    assert page.get_by_role("button", name="Log out").is_visible()
    assert tab.errors == []


def test_the_pages_lead_to_each_other(open_tab):
    page = open_tab(javascript=False).open("/")
    for each in NAVIGATION[1:]:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=each.title).click()
        page.wait_for_url(f"**{each.path}")
    page.get_by_role("link", name="Destinations").click()
    page.get_by_role("link", name="crm").first.click()
    page.wait_for_url("**/destinations/crm")
    page.get_by_role("navigation", name="Period").get_by_role("link", name="7d").click()
    page.wait_for_url("**/destinations/crm?period=7d")
