"""What the enrichments share."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.event import Event, Received

Enrichment = Callable[[Event, Received], Event]
"""Adds what can be found out about a completed event.

Returns the same event when it has nothing to add, never changes what the event says already, and
never raises.
"""


def with_found(event: Event, name: str, found: Mapping[str, Any]) -> Event:
    """`event` with those parts of the object `found` that ``event[name]`` does not say.

    A part that is missing or empty text is not said.
    """
    said = event.get(name)
    if said in (None, {}):
        return {**event, name: {**found}} if found else event
    if not isinstance(said, dict):
        return event
    new = {key: value for key, value in found.items() if said.get(key) in (None, "")}
    return {**event, name: {**said, **new}} if new else event
