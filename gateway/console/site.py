"""The pages of the console, in the order of its navigation, and its other routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from gateway.console import event_actions, export
from gateway.console.context import Console
from gateway.console.page import Page
from gateway.console.pages import destinations, event, live, overview, search

PAGES = (
    Page("/", "overview.html", "Overview", overview.view),
    Page("/live", "live.html", "Live", live.view),
    Page("/events", "search.html", "Events", search.view),
    Page("/events/{receipt}", "event.html", "Event", event.view),
    Page("/destinations", "destinations.html", "Destinations", destinations.list_view),
    Page("/destinations/{name}", "destination.html", "Destination", destinations.view),
)

NAVIGATION = tuple(page for page in PAGES if page.title and "{" not in page.path)

ROUTES: tuple[Callable[[Console], Sequence[BaseRoute]], ...] = (
    search.routes,
    export.routes,
    event_actions.routes,
    live.routes,
)
"""Actions of the pages, and what is no page."""
