"""An enrichment as what it makes of an event, which is how tests say what they expect of it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Enrichment


def adding(find: Enrichment) -> Callable[[Event, Received], Event]:
    """A function from an event to the one with what `find` adds, the same if that is nothing."""

    def add(event: Event, received: Received) -> Event:
        found = find(event, received)
        return {**event, **found} if found else event

    return add
