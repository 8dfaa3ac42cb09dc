"""Translates one message of Segment's API into one event.

Source: segment.com/docs/connections/spec (common fields, identify and page)
"""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.sources.own_properties import differing, with_own_apart
from gateway.sources.reading import as_object, own_parameters, present
from gateway.sources.segment.choices import with_choices
from gateway.sources.segment.commerce import commerce_event
from gateway.sources.segment.context import NO_REFERRER, PAGE, context_fields
from gateway.sources.segment.traits import person_fields

KINDS = ("track", "page", "screen", "identify", "group", "alias")

_NAMES = {"page": "page_view", "screen": "screen_view"}
"""Kinds whose events have another name in GA4."""

_SHOWN = {"page": "page_name", "screen": "screen_name"}
"""Kinds of messages about what the visitor sees, and the field for its name."""

_SERVER_LIBRARIES = frozenset(
    (
        "@segment/analytics-node",
        "analytics-node",
        "@rudderstack/rudder-sdk-node",
        "analytics-python",
        "rudder-analytics-python",
        "analytics-ruby",
        "rudderanalytics-ruby",
        "analytics-php",
        "rudder-analytics-php",
        "analytics-go",
        "analytics-java",
        "analytics.net",
    )
)
"""What the SDKs for backends call themselves, in lower case."""

_OWN = ("app", "campaign", "device", "group_id", "language", "network", "timezone")
"""Fields of the context whose names a page may also use for its own properties."""

_INITIAL_REFERRER = "initial_referrer"


def to_event(message: Any, kind: str, envelope: Mapping[str, Any]) -> Event:
    """The event in `message`; not yet checked.

    kind: according to the URL, for a message without a `type`. envelope: the fields of the batch,
    empty for a single message; the members of its context count if the message's own context lacks
    them.
    Raises `EventError` for kinds other than `KINDS`.
    """
    message = as_object(message)
    kind = message.get("type") or kind
    if isinstance(kind, str):
        kind = kind.strip().lower()
    if kind not in KINDS:
        raise EventError(f"type: not one of {', '.join(KINDS)}")
    context = _context(message, envelope)
    fields = context_fields(context, _page(context, message, kind))
    own = _properties(message, kind)
    event = with_own_apart(own, fields, differing(own, fields, _OWN)) | _from_envelope(message)
    traits = {**as_object(context.get("traits")), **_traits(message, kind)}
    if traits or "device" in context:
        for name, found in person_fields(traits, as_object(context.get("device"))).items():
            event[name] = {**as_object(event.get(name)), **found}
    return with_choices(event, envelope, message)


def is_from_backend(message: Any, envelope: Mapping[str, Any]) -> bool:
    """Whether a library for backends made `message`. RudderStack's also state it in ``channel``."""
    message = as_object(message)
    context = _context(message, envelope)
    name = as_object(context.get("library")).get("name")
    return "server" in (message.get("channel"), context.get("channel")) or (
        isinstance(name, str) and name.lower() in _SERVER_LIBRARIES
    )


def _context(message: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, Any]:
    own = as_object(message.get("context"))
    shared = as_object(envelope.get("context"))
    return {**shared, **own} if shared else own


def _traits(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The person's traits in `message`; traits in other calls, such as `group`, are not theirs."""
    return as_object(message.get("traits")) if kind == "identify" else {}


def _from_envelope(message: Mapping[str, Any]) -> Event:
    return present(
        {
            "event_id": message.get("messageId"),
            "client_id": message.get("anonymousId"),
            "user_id": message.get("userId"),
            "group_id": message.get("groupId"),
            "timestamp": message.get("timestamp") or message.get("originalTimestamp"),
        }
    )


def _properties(message: Mapping[str, Any], kind: str) -> Event:
    """The event's name and the fields of its kind."""
    properties = present(as_object(message.get("properties")))
    if kind == "track":
        return commerce_event(message.get("event"), own_parameters(properties))
    if kind == "page":
        for name in (*PAGE, "referrer", "search"):
            properties.pop(name, None)
        if properties.get(_INITIAL_REFERRER) == NO_REFERRER:
            del properties[_INITIAL_REFERRER]
    event: Event = {**own_parameters(properties), "event_name": _NAMES.get(kind, kind)}
    if kind in _SHOWN:
        name = message.get("name") or event.pop("name", None)
        event |= present({_SHOWN[kind]: name, "category": message.get("category")})
    elif kind == "group":
        event |= present({"group_traits": message.get("traits")})
    elif kind == "alias":
        event |= present({"previous_id": message.get("previousId")})
    return event


def _page(context: Mapping[str, Any], message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The page of the context; in a `page` call, the properties override it."""
    page = as_object(context.get("page"))
    if kind != "page":
        return page
    return {**page, **present(as_object(message.get("properties")))}
