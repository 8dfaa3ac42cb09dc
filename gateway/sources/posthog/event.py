"""Translates one message of PostHog's SDKs into one event.

Source: the npm packages posthog-js 1.449 and posthog-node 5.70, and posthog 7.91 of PyPI;
posthog.com/docs/api/capture; posthog.com/docs/data/event-spec/ecommerce-events, with the same names
as Segment's
"""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.event.consent import CONSENT_TYPES
from gateway.sources.posthog.person import ids_of, is_cookieless, person_of
from gateway.sources.posthog.properties import own_properties_of
from gateway.sources.reading import as_object, is_on, own_parameters, present
from gateway.sources.segment.commerce import commerce_event
from gateway.sources.segment.context import size_of
from gateway.sources.statement_fields import with_fields_expanded
from gateway.sources.statements import statements_in, with_statements

_NAMES = {
    "$pageview": "page_view",
    "$pageleave": "page_leave",
    "$screen": "screen_view",
    "$autocapture": "autocapture",
    "$identify": "identify",
    "$set": "identify",
    "$groupidentify": "group",
    "$create_alias": "alias",
}
"""Other events of PostHog's SDKs keep their names, such as ``$exception``."""

_FIELDS = {
    "$current_url": "page_location",
    "$pathname": "page_path",
    "$screen_name": "screen_name",
    "$browser_language": "language",
    "$locale": "language",
    "$groups": "groups",
}
_OF_KIND = {
    "$pageview": {"title": "page_title"},
    "$groupidentify": {
        "$group_type": "group_type",
        "$group_key": "group_id",
        "$group_set": "group_traits",
    },
    "$create_alias": {"alias": "previous_id"},
}
_SERVER_LIBRARIES = frozenset(
    [
        "posthog-dotnet",
        "posthog-edge",
        "posthog-elixir",
        "posthog-go",
        "posthog-java",
        "posthog-node",
        "posthog-php",
        "posthog-python",
        "posthog-rs",
        "posthog-ruby",
        "posthog-server",
    ]
)
"""What the SDKs for backends call themselves. Newer ones also send ``$is_server``."""

_NO_REFERRER = "$direct"
_NO_ADDRESS = (None, "", "0", "0.0.0.0")
"""Values of ``$ip`` from sites that do not want PostHog to keep the visitor's address."""

_ALL_DENIED = {"consent": dict.fromkeys(CONSENT_TYPES, "denied")}


def to_event(
    message: Any, envelope: Event, backend: bool, with_fields: bool, sent_at: float
) -> Event:
    """The event in `message`; not yet checked.

    envelope: the statements about consent in the object around the messages. backend: as in
    `Batch`. with_fields: some keys may be names such as ``consent.ad_storage``. sent_at: when the
    request was sent, in Unix seconds; 0 if that is not known.
    Raises `EventError` if `message` is not an object.
    """
    if not isinstance(message, dict):
        raise EventError("expected an object with event and properties")
    given = as_object(message.get("properties"))
    if with_fields:
        message, given = with_fields_expanded(message), with_fields_expanded(given)
    properties = present(given)
    kind = message.get("event")
    event = {
        **_named(kind, own_parameters(own_properties_of(properties))),
        **_fields(kind, properties),
        **_address(given, backend),
        **person_of(message, properties),
        **ids_of(message, properties, backend),
        **present(
            {
                "event_id": message.get("uuid") or properties.get("$insert_id"),
                "timestamp": message.get("timestamp")
                or properties.get("$time")
                or _moment(message.get("offset"), sent_at),
            }
        ),
    }
    return _with_consent(event, message, envelope)


def is_from_backend(message: Any) -> bool:
    """Whether an SDK for servers made `message`."""
    properties = as_object(as_object(message).get("properties"))
    library = properties.get("$lib")
    return properties.get("$is_server") is True or (
        isinstance(library, str) and library in _SERVER_LIBRARIES
    )


def names_library(message: Any) -> bool:
    """Whether an SDK made `message`, and not custom code."""
    return bool(as_object(as_object(message).get("properties")).get("$lib"))


def _named(kind: Any, properties: Event) -> Event:
    """`properties` with the event's name, in GA4's names where PostHog's differ."""
    ours = _NAMES.get(kind) if isinstance(kind, str) else None
    if ours is None:
        return commerce_event(kind, properties)
    moved = _OF_KIND.get(kind, {})
    own = {name: value for name, value in properties.items() if name not in moved}
    return {**own, "event_name": ours}


def _fields(kind: Any, properties: Mapping[str, Any]) -> Event:
    """The fields that PostHog's SDKs state in their own properties."""
    names = {**_FIELDS, **(_OF_KIND.get(kind, {}) if isinstance(kind, str) else {})}
    event = {field: properties[name] for name, field in names.items() if name in properties}
    referrer = properties.get("$referrer")
    found = {
        "page_referrer": None if referrer == _NO_REFERRER else referrer,
        "user_agent": properties.get("$raw_user_agent") or properties.get("$user_agent"),
        "screen_resolution": size_of(properties, "$screen_width", "$screen_height"),
        "viewport_size": size_of(properties, "$viewport_width", "$viewport_height"),
    }
    return {**event, **present(found)}


def _moment(offset: Any, sent_at: float) -> float | None:
    """The time of a message from `offset`, the milliseconds that it waited to be sent, which older
    SDKs for browsers state."""
    if type(offset) not in (int, float) or not 0 <= offset <= sent_at * 1000:
        return None
    return float(sent_at - offset / 1000)


def _address(properties: Mapping[str, Any], backend: bool) -> Event:
    """The address in ``$ip``, or an empty one if none is to be kept. A page asks for that with
    ``$ip`` or with ``$geoip_disable``, which backends always send."""
    if "$ip" in properties:
        stated = properties["$ip"]
        return {"ip_override": "" if stated in _NO_ADDRESS else stated}
    if is_on(properties.get("$geoip_disable")) and not backend:
        return {"ip_override": ""}
    return {}


def _with_consent(event: Event, message: Event, envelope: Event) -> Event:
    """`event` with all statements about consent: in its properties, next to them, and around the
    messages. Cookieless mode is a denial: the visitor has not agreed to anything."""
    stated = [statements_in(message), envelope, _ALL_DENIED if is_cookieless(message) else {}]
    for each in stated:
        event = with_statements(event, each)
    return event
