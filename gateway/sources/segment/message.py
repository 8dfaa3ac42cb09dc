"""One message of Segment's API into one event.

Source: segment.com/docs/connections/spec (common fields, identify and page)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.sources.reading import as_object, own_parameters, present
from gateway.sources.segment.choices import with_choices
from gateway.sources.segment.commerce import commerce_event

KINDS = ("track", "page", "screen", "identify", "group", "alias")

_NAMES = {"page": "page_view", "screen": "screen_view"}
"""Kinds whose events GA4 calls otherwise."""

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

_NO_ADDRESS = "0.0.0.0"
"""The ``context.ip`` by which a site asks that the visitor's address is not kept.

Source: segment.com/docs/connections/sources/catalog/libraries/website/javascript (anonymizing IP)
"""

_PAGE = {"url": "page_location", "path": "page_path", "title": "page_title"}
_NO_REFERRER = "$direct"
"""What RudderStack writes when there is none."""

_TRAITS = ("email", "phone", "birthday", "gender", "name", "zip")
_NAME_TRAITS = ("firstName", "first_name", "lastName", "last_name")
_ADDRESS = ("street", "city", "state", "postalCode", "postal_code", "zip", "country")
PERSON_TRAITS = frozenset(
    (
        "address",
        "age",
        "avatar",
        "birthday",
        "company",
        "createdAt",
        "description",
        "email",
        "firstName",
        "first_name",
        "gender",
        "id",
        "lastName",
        "last_name",
        "name",
        "phone",
        "title",
        "username",
        "website",
        "zip",
    )
)
"""Segment's reserved traits; every other one is a user property."""


def to_event(message: Any, kind: str, envelope: Mapping[str, Any]) -> Event:
    """The event in `message`; not yet checked.

    kind: what the URL says that it is, for a message that does not say it itself. envelope: the
    fields of the batch, empty for a message alone; its context holds where the message's own says
    nothing.
    Raises `EventError` for anything but `KINDS`.
    """
    message = as_object(message)
    kind = message.get("type") or kind
    if kind not in KINDS:
        raise EventError(f"type: not one of {', '.join(KINDS)}")
    context = _context(message, envelope)
    event = {
        **_properties(message, kind),
        **_from_context(context, kind, as_object(message.get("properties"))),
        **_from_envelope(message),
    }
    user_data = user_data_of({**as_object(context.get("traits")), **_traits(message, kind)})
    if user_data:
        event["user_data"] = user_data
    return with_choices(event, envelope, message)


def is_from_backend(message: Any, envelope: Mapping[str, Any]) -> bool:
    """Whether a library for backends made `message`. RudderStack's say so in ``channel`` too."""
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
    """What `message` says about the person; a group's traits are about the group."""
    return as_object(message.get("traits")) if kind == "identify" else {}


def _from_envelope(message: Mapping[str, Any]) -> Event:
    return present(
        {
            "event_id": message.get("messageId"),
            "client_id": message.get("anonymousId"),
            "user_id": message.get("userId"),
            "timestamp": message.get("timestamp") or message.get("originalTimestamp"),
        }
    )


def _properties(message: Mapping[str, Any], kind: str) -> Event:
    """The event's name and what is particular to its kind."""
    properties = own_parameters(present(as_object(message.get("properties"))))
    if kind == "track":
        return commerce_event(message.get("event"), properties)
    event: Event = {**properties, "event_name": _NAMES.get(kind, kind)}
    if kind == "page":
        for name in (*_PAGE, "referrer", "search"):
            event.pop(name, None)
        event |= present({"page_name": message.get("name"), "category": message.get("category")})
    elif kind == "screen":
        event |= present({"screen_name": message.get("name"), "category": message.get("category")})
    elif kind == "identify":
        traits = present(_traits(message, kind))
        own = {name: value for name, value in traits.items() if name not in PERSON_TRAITS}
        event |= {"user_properties": own} if own else {}
    elif kind == "group":
        event |= present(
            {"group_id": message.get("groupId"), "group_traits": message.get("traits")}
        )
    else:
        event |= present({"previous_id": message.get("previousId")})
    return event


def _from_context(context: Mapping[str, Any], kind: str, properties: Mapping[str, Any]) -> Event:
    page = as_object(context.get("page"))
    if kind == "page":
        stated = {name: properties[name] for name in (*_PAGE, "referrer") if properties.get(name)}
        page = {**page, **stated}
    referrer = page.get("referrer")
    screen = as_object(context.get("screen"))
    event = {
        **{field: page.get(name) for name, field in _PAGE.items()},
        "page_referrer": None if referrer == _NO_REFERRER else referrer,
        "user_agent": context.get("userAgent"),
        "ip_override": context.get("ip"),
        "language": context.get("locale"),
        "screen_resolution": size_of(screen, "width", "height"),
        "viewport_size": size_of(screen, "innerWidth", "innerHeight"),
        "campaign": as_object(context.get("campaign")) or None,
        "client_hints": as_object(context.get("userAgentData")) or None,
        "ga_session_id": context.get("sessionId"),
    }
    found = present(event)
    if found.get("ip_override") == _NO_ADDRESS:
        found["ip_override"] = ""
    return found


def size_of(screen: Mapping[str, Any], width: str, height: str) -> str | None:
    wide, high = screen.get(width), screen.get(height)
    return f"{wide}x{high}" if isinstance(wide, int) and isinstance(high, int) else None


def user_data_of(traits: Mapping[str, Any]) -> Event:
    """The person in `traits`, in Segment's names, which `read_event` knows."""
    user_data: Event = _plain(traits, (*_TRAITS, *_NAME_TRAITS))
    if address := _plain(as_object(traits.get("address")), _ADDRESS):
        user_data["address"] = address
    return user_data


def _plain(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, str | int]:
    """Texts and numbers that `source` has under `names`."""
    return {
        name: value
        for name in names
        if isinstance(value := source.get(name), str | int) and value != ""
    }
