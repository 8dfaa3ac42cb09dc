"""The pages of the console, in the order of its navigation."""

from __future__ import annotations

from gateway.console.page import Page
from gateway.console.pages import destinations, overview

PAGES = (
    Page("/", "overview.html", "Overview", overview.view),
    Page("/destinations", "destinations.html", "Destinations", destinations.list_view),
    Page("/destinations/{name}", "destination.html", "Destination", destinations.view),
)

NAVIGATION = tuple(page for page in PAGES if page.title and "{" not in page.path)
