"""Translates one object of Stape's Data Tag, which has other names for fields, into one event.

Of several names for a field, the first with a value counts; the field's own name comes first.

Sources: github.com/stape-io/data-client, template.tpl and data-client-protocol.md;
github.com/stape-io/data-tag, template.tpl, for `gender` and `db`
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.event import Event, EventError
from gateway.event.person import only_person
from gateway.sources.reading import as_object, decode
from gateway.sources.stape_data.cookies import with_cookies
from gateway.sources.statement_fields import with_fields_expanded
from gateway.sources.statements import is_empty, with_statements

_NAMELESS = "Data"
"""What Stape's client calls an event without a name."""

Names = Mapping[str, Sequence[str]]

_FIELDS: Names = {
    "event_name": ("eventName", "event", "e_n"),
    "event_id": ("unique_event_id",),
    "client_id": ("data_client_id", "_dcid"),
    "user_id": ("userId",),
    "ip_override": ("ip", "ipOverride"),
    "user_agent": ("userAgent",),
    "page_location": ("pageLocation", "url", "href"),
    "page_hostname": ("pageHostname", "hostname"),
    "page_path": ("pagePath",),
    "page_referrer": ("pageReferrer", "referrer", "urlref"),
    "page_title": ("pageTitle",),
    "page_encoding": ("pageEncoding",),
    "screen_resolution": ("screenResolution",),
    "viewport_size": ("viewportSize",),
    "value": ("e_v",),
}
_PERSON: Names = {
    "email_address": ("userEmail", "email_address", "email", "mail"),
    "phone_number": ("userPhoneNumber", "phone_number", "phoneNumber", "phone"),
    "gender": ("gender",),
    "date_of_birth": ("db",),
}
_ADDRESS: Names = {
    "first_name": ("userFirstName", "first_name", "firstName", "name"),
    "last_name": (
        *("userLastName", "last_name", "lastName"),
        *("surname", "family_name", "familyName"),
    ),
    "street": ("street",),
    "city": ("city",),
    "region": ("region", "state"),
    "postal_code": ("postal_code", "postalCode", "zip"),
    "country": ("country",),
}
_OF_THE_TAG = ("v", "data_tag", "_dcid_temp")
"""Fields about the tag itself, not about the event. The last is an id that the tag generates on
each page for the cookie ``_dcid``, which the gateway does not set."""

_STRUCTURED = ("common_cookie", "cookies", "ecommerce", "items", "user_data", "user_properties")
"""Fields of a form or a query that may hold JSON."""

_CONSENT_STATE = "consent_state"
_COMMERCE = "ecommerce"


def to_event(data: Any, client_id: str) -> Event:
    """The event in `data`; not yet checked.

    client_id: of the visitor, if `data` has none. Raises `EventError` if `data` is not an object.
    """
    if not isinstance(data, dict) or not data:
        raise EventError("expected an object with at least one field")
    event = {name: value for name, value in data.items() if name not in _OF_THE_TAG}
    event |= {name: _structured(event[name]) for name in _STRUCTURED if name in event}
    event = with_fields_expanded(_with_commerce(event))
    event |= _taken(event, _FIELDS, own=True)
    event.setdefault("event_name", _NAMELESS)
    if client_id:
        event.setdefault("client_id", client_id)
    event = with_cookies(_with_person(event))
    if _CONSENT_STATE in event:
        event = with_statements(event, {"consent": event.pop(_CONSENT_STATE)})
    return event


def client_id_in(data: Any) -> str:
    """The client id in `data`; "" without one."""
    found = _first(as_object(data), ("client_id", *_FIELDS["client_id"]))
    return found if isinstance(found, str) else ""


def _structured(value: Any) -> Any:
    if not (isinstance(value, str) and value.startswith(("{", "["))):
        return value
    try:
        return decode(value.encode())
    except ValueError:
        return value


def _with_commerce(event: Event) -> Event:
    """`event` with the members of its ``ecommerce``, if that has GA4's form, as fields. The event's
    own fields override them."""
    stated = event.get(_COMMERCE)
    if not isinstance(stated, dict) or not ("items" in stated or "transaction_id" in stated):
        return event
    others = {name: value for name, value in event.items() if name != _COMMERCE}
    return _with_own(stated, others)


def _taken(event: Event, names: Names, own: bool = False) -> Event:
    """Removes the fields of `names` from `event` and returns them. own: a field's own name counts
    too."""
    found: Event = {}
    for field, others in names.items():
        spellings = (field, *others) if own else others
        value = _first(event, spellings)
        for name in spellings:
            event.pop(name, None)
        if value is not None:
            found[field] = value
    return found


def _first(event: Mapping[str, Any], names: Sequence[str]) -> Any:
    said = (event.get(name) for name in names)
    return next((value for value in said if value is not None and value != ""), None)


def _with_person(event: Event) -> Event:
    """`event` with its personal data in ``user_data``, whose own fields come first. The same event
    if ``user_data`` is not one person."""
    stated = only_person(event.get("user_data"))
    if not (is_empty(stated) or isinstance(stated, dict)):
        return event
    person, address = _taken(event, _PERSON), _taken(event, _ADDRESS)
    if not (person or address):
        return event
    known = _with_own(person, stated or {})
    place = known.get("address") or {}
    if address and isinstance(place, dict):
        known["address"] = _with_own(address, place)
    return {**event, "user_data": known}


def _with_own(others: Event, own: Event) -> Event:
    """The fields of both. `own` wins, except where it is empty and `others` has the field."""
    saying = {
        name: value for name, value in own.items() if name not in others or not is_empty(value)
    }
    return {**others, **saying}
