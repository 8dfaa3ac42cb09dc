"""Finds statements about consent in objects of an event, such as ``context.consent``: senders may
send the messages of another tool as the gateway's own events."""

from typing import Any

from gateway.event import Event
from gateway.event.consent import CONSENT, OTHER_CASES, STATEMENT_FIELDS, UNKNOWN_KEYS
from gateway.event.consent_members import CATEGORIES
from gateway.sources.reading import as_object
from gateway.sources.statement_fields import with_fields_expanded
from gateway.sources.statements import states_consent, with_statements
from gateway.stages.consent.categories import MANAGED, categories_of, without_preferences
from gateway.stages.consent.other_names import with_known_names
from gateway.stages.integrations import INTEGRATIONS

_OBJECTS = ("context", "properties", "params", "event_params", "eventModel", "data")
"""Objects in Segment's and Google's messages, and in data layers. Consent stated about a person, in
`user_data` and the like, is not read: it may be about letters and calls."""

_CONSENTS = OTHER_CASES | {CONSENT}
_FIELDS = _CONSENTS.union(STATEMENT_FIELDS) - {UNKNOWN_KEYS, INTEGRATIONS}
_SIGNS = _FIELDS | {MANAGED}


def with_inner_statements(event: Event) -> Event:
    """`event` with the statements about consent in its objects added to its own. The objects do not
    change. A `consent` in them that is neither an object nor a denial may be a field of a form and
    is not read. `MANAGED` is also read in the event itself."""
    if managed := event.get(MANAGED):
        event = with_statements(event, {CATEGORIES: categories_of({MANAGED: managed})})
    for name in _OBJECTS:
        value = event.get(name)
        if value and isinstance(value, (dict, str)):
            inner = with_known_names(with_fields_expanded(as_object(value)), may_be_form=True)
            if not _SIGNS.isdisjoint(inner):
                event = with_statements(event, _stated_in(inner))
    return event


def _stated_in(inner: Event) -> Event:
    stated: dict[str, Any] = {}
    for name in _FIELDS.intersection(inner):
        value = inner[name]
        if name in _CONSENTS:
            value = without_preferences(value)
            if value == {} or not states_consent(value):
                continue
        stated[name] = value
    if choices := categories_of(inner):
        stated = with_statements(stated, {CATEGORIES: choices})
    return stated
