"""Reads what a message and its batch state about consent, categories and destinations.

Batch and message may contradict each other. Every statement about consent is passed on unchanged; a
denial of a category or destination counts in either place.

Source: segment.com/docs/privacy/consent-management/consent-in-segment-connect
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.event import Event
from gateway.event.consent import CONSENT_TYPES
from gateway.sources.reading import as_object
from gateway.sources.statements import is_empty, statements_in, states_consent, with_statements
from gateway.stages.consent.categories import (
    MANAGED,
    categories_of,
    choices_in,
    merged,
    without_preferences,
)
from gateway.stages.integrations import INTEGRATIONS, read_integrations

_CONSENT, _CATEGORIES = "consent", "consent_categories"
_FIELDS = frozenset([_CONSENT, _CATEGORIES, INTEGRATIONS])
_USUAL_OF_MESSAGES = frozenset(
    [
        *("_metadata", "anonymousId", "batch", "category", "channel", "context", "event"),
        *("groupId", "messageId", "name", "originalTimestamp", "previousId", "properties"),
        *("request_ip", "rudderId", "sentAt", "timestamp", "traits", "type", "userId"),
        *("version", "writeKey", _CONSENT, INTEGRATIONS),
    ]
)
_USUAL_OF_CONTEXTS = frozenset(
    [
        *("active", "app", "campaign", "channel", "clientIds", "device"),
        *("groupId", "ip", "library", "locale", "location", "network", "os", "page", "referrer"),
        *("screen", "sessionId", "sessionStart", "timezone", "traits", "userAgent"),
        *("userAgentData", "ua-ch", _CONSENT, MANAGED),
    ]
)
"""Usual fields, which state nothing about consent or are read here."""


def with_choices(event: Event, envelope: Mapping[str, Any], message: Mapping[str, Any]) -> Event:
    """`event` with its `consent`, `consent_categories` and `integrations`.

    event: the other fields of the message; properties with one of these names count as well.
    envelope: the fields of the batch, empty for a single message. `consent` becomes a list if there
    is more than one statement. Categories named like Consent Mode's types are a statement.
    `integrations` is left out if it excludes nothing. Consent strings (`gpp`, `us_privacy` ...) may
    be next to the properties or in the context.
    """
    levels = [level for level in (envelope, message) if level]
    for level in levels:
        event = with_statements(event, _strings_in(level))
    if event.keys().isdisjoint(_FIELDS) and not any(map(_states, levels)):
        return event
    contexts = [as_object(level.get("context")) for level in levels]
    categories = merged(
        [
            choices_in(event.get(_CATEGORIES), _CATEGORIES),
            *(categories_of(context) for context in contexts),
        ]
    )
    property_ = event.get(_CONSENT)
    statements = [
        property_ if states_consent(property_) else None,
        *(level.get(_CONSENT) for level in levels),
        *(without_preferences(context.get(_CONSENT)) for context in contexts),
        {name: categories.pop(name) for name in CONSENT_TYPES if name in categories},
    ]
    integrations = read_integrations(
        [event.get(INTEGRATIONS), *(level.get(INTEGRATIONS) for level in levels)]
    )
    found = {
        _CONSENT: _one_or_all(statements),
        _CATEGORIES: categories,
        INTEGRATIONS: {} if all(integrations.values()) else integrations,
    }
    others = {name: value for name, value in event.items() if name not in _FIELDS}
    return {**others, **{name: value for name, value in found.items() if not is_empty(value)}}


def _states(level: Mapping[str, Any]) -> bool:
    """Whether a message or a batch has one of the statements that `with_choices` reads."""
    context = as_object(level.get("context"))
    return not (
        is_empty(level.get(_CONSENT))
        and is_empty(context.get(_CONSENT))
        and is_empty(context.get(MANAGED))
        and _excludes_nothing(level.get(INTEGRATIONS))
    )


def _strings_in(level: Mapping[str, Any]) -> Event:
    """The statements of a message or a batch in fields that are not Segment's."""
    context = as_object(level.get("context"))
    others = {name: level[name] for name in level if name not in _USUAL_OF_MESSAGES}
    about = {name: context[name] for name in context if name not in _USUAL_OF_CONTEXTS}
    return with_statements(statements_in(about), statements_in(others))


def _excludes_nothing(integrations: object) -> bool:
    """Whether all are clearly included, as most SDKs state: ``{"All": true}``."""
    if isinstance(integrations, dict):
        return all(included is True for included in integrations.values())
    return is_empty(integrations)


def _one_or_all(statements: Iterable[Any]) -> Any:
    """The only statement, or a list of them. The elements of a list are statements themselves."""
    lists = (each if isinstance(each, list) else [each] for each in statements)
    found = [statement for each in lists for statement in each if not is_empty(statement)]
    return found[0] if len(found) == 1 else found
