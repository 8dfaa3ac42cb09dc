"""Turns an enrichment into a function from event to event, as tests expect it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Enrichment


def adding(find: Enrichment) -> Callable[[Event, Received], Event]:
    """A function that returns an event with what `find` adds, or the event itself."""

    def add(event: Event, received: Received) -> Event:
        found = find(event, received)
        return {**event, **found} if found else event

    return add
