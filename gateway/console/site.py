"""The pages of the console, in the order of its navigation, and its other routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from gateway.console import event_actions, export, persons
from gateway.console.context import Console
from gateway.console.page import Page
from gateway.console.pages import (
    actions,
    configuration,
    configuration_edit,
    dead_letters,
    destinations,
    event,
    live,
    overview,
    playground,
    privacy,
    quarantine,
    refused,
    search,
    stored_event,
    work,
)

PAGES = (
    Page("/", "overview.html", "Overview", overview.view),
    Page("/live", "live.html", "Live", live.view),
    Page("/events", "search.html", "Events", search.view),
    Page("/events/{receipt}", "event.html", "Event", event.view),
    Page("/destinations", "destinations.html", "Destinations", destinations.list_view),
    Page("/destinations/{name}", "destination.html", "Destination", destinations.view),
    Page("/dead-letters", "stored.html", "Dead letters", dead_letters.view),
    Page("/dead-letters/send", "stored_plan.html", "", dead_letters.view_send),
    Page("/dead-letters/drop", "stored_plan.html", "", dead_letters.view_drop),
    Page("/dead-letters/{destination}/{id}", "stored_event.html", "", dead_letters.view_one),
    Page("/quarantine", "stored.html", "Quarantine", quarantine.view),
    Page("/quarantine/send", "stored_plan.html", "", quarantine.view_send),
    Page("/quarantine/drop", "stored_plan.html", "", quarantine.view_drop),
    Page("/quarantine/{id}", "stored_event.html", "", quarantine.view_one),
    Page("/refused", "refused.html", "Refused", refused.view),
    Page("/privacy", "privacy.html", "Consent", privacy.view),
    Page("/privacy/persons/{digest}", "person.html", "", persons.view),
    Page("/configuration/edit", "configuration_edit.html", "", configuration_edit.view),
    Page("/configuration/playground", "playground.html", "", playground.view),
    Page("/configuration", "configuration.html", "Configuration", configuration.view),
    Page(
        "/configuration/versions/{version}",
        "configuration_version.html",
        "",
        configuration.view_version,
    ),
    Page("/actions", "actions.html", "Actions", actions.view),
    Page("/work/{id}", "work.html", "", work.view),
)

NAVIGATION = tuple(page for page in PAGES if page.title and "{" not in page.path)

ROUTES: tuple[Callable[[Console], Sequence[BaseRoute]], ...] = (
    search.routes,
    export.routes,
    event_actions.routes,
    live.routes,
    dead_letters.routes,
    quarantine.routes,
    configuration_edit.routes,
    playground.routes,
    persons.routes,
    stored_event.routes,
    work.routes,
)
"""Actions of the pages, and routes that are not pages."""
