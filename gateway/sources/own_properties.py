"""Properties that a page or a backend gives to an event, under names of its own."""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.reading import own_parameters, present
from gateway.sources.statement_fields import with_fields_expanded
from gateway.sources.statements import states_consent


def read_own_properties(properties: Mapping[str, Any]) -> Event:
    """`properties` as fields of an event, for protocols that have no field called `consent`: a
    property of that name is left out unless it states anything."""
    event = own_parameters(present(with_fields_expanded({**properties})))
    if "consent" in event and not states_consent(event["consent"]):
        return {name: value for name, value in event.items() if name != "consent"}
    return event
