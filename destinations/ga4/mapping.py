"""From an event to one of GA4's, and to what a request says of its client.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, reference/
events) and .../collection/ga4/uid-data.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.common import event_time, event_value
from destinations.ga4.rules import (
    fitted_params,
    item_params,
    most_important,
    problem_of_name,
    scalar_params,
    spelled,
    user_properties,
)
from destinations.ga4.session import session_id_of
from destinations.mapping import Hasher, Mapper
from destinations.normalise import hashing
from destinations.places import country_code
from destinations.remarks import remark

_NOT_PARAMS = frozenset(
    {
        "event_name",
        "timestamp",
        "client_id",
        "app_instance_id",
        "user_id",
        "user_data",
        "user_properties",
        "consent",
        "ip_override",
        "event_location",
        "user_agent",
        "client_hints",
        "device",
        "bot",
        "campaign",
        "channel_group",
        "click_ids",
        "fbp",
        "fbc",
        "page_encoding",
        "page_hostname",
        "page_path",
        "viewport_size",
        "debug_mode",
        "test_event_code",
        "engagement_time_msec",
        "ga_session_id",
        "ga_session_number",
        "value",
        "value_converted",
        "currency_converted",
        "items",
        "items_value",
        "items_quantity",
        "firebase_conversion",
        "ignored_fields",
    }
)
"""Fields with a place of their own, fields of other vendors, and what GA4 finds out by itself."""

_NOT_BESIDE_OWN = _NOT_PARAMS | {"params"}
"""Where `params` holds the parameters of a sender's own."""

_NOT_OWN_PARAMS = frozenset({"items", "debug_mode", "firebase_conversion"})
"""Parameters to which GA4 gives a meaning of its own."""

_DEVICE = (
    "category",
    "language",
    "screen_resolution",
    "operating_system",
    "operating_system_version",
    "model",
    "brand",
    "browser",
    "browser_version",
)
_CONSENT_TYPES = ("ad_user_data", "ad_personalization")
_emails = hashing("email_address", normalise.email_without_gmail_dots)
_OF_ADDRESS = {
    "sha256_first_name": hashing("first_name", normalise.words_of_letters),
    "sha256_last_name": hashing("last_name", normalise.words_of_letters),
    "sha256_street": hashing("street", normalise.street),
}
_MAX_EMAILS, _MAX_PHONES, _MAX_ADDRESSES = 3, 3, 2


_MAPPED_OF_CLIENT = ("user_properties", "user_data")
MAPPED_FIELDS = frozenset(["params", *_MAPPED_OF_CLIENT])
"""What a mapping may set. Identifiers, consent, place and device are the gateway's to tell."""


def hashers(region: str | None) -> dict[str, Hasher]:
    """For the hashed fields of ``user_data``. region: ISO 3166-1 alpha-2 of phone numbers without a
    country code."""
    email, number = "user_data.sha256_email_address", "user_data.sha256_phone_number"
    hash_email = normalise.hasher(email, normalise.email_without_gmail_dots)
    hash_number = normalise.hasher(number, normalise.phone(region))
    return {
        email: lambda value: hash_email(value)[:_MAX_EMAILS],
        number: lambda value: hash_number(value)[:_MAX_PHONES],
    }


ENGAGEMENT = "engagement"
"""The name sent for `user_engagement`, which GA4 accepts only from its own tags. GA4 counts the
engagement time of any event."""


def client_id_of(event: Event, is_app: bool) -> str:
    """The id of the app instance or the browser of `event`; "" when it names none.

    An event of a web stream with a user and no browser, as backends send it, gets a client id
    derived from the user. GA4 receives the `user_id` itself too, so the digest needs no key.
    """
    if is_app:
        instance = event.get("app_instance_id")
        return instance if isinstance(instance, str) else ""
    client_id: str = event.get("client_id", "")
    if client_id:
        return client_id
    if _is_anonymous(event):
        return _client_of(event.get("event_id", ""))  # a browser for this event alone
    if user_id := event.get("user_id"):
        remark("client_id: derived from user_id for GA4 only, because the event has none")
        return _client_of(f"user_id {user_id}")
    return ""


def is_debugged(event: Event) -> bool:
    """Whether the sender wants `event` in DebugView."""
    return event.get("debug_mode") in (True, "true", "1")


def name_of(event: Event, mapper: Mapper) -> str:
    """The name of `event` in GA4."""
    given = mapper.name_of(event)
    if given == "user_engagement" and event.get("engagement_time_msec", 0) > 0:
        remark(f"event_name: sent as {ENGAGEMENT} because GA4 does not accept {given} from servers")
        return ENGAGEMENT
    name = spelled(given)
    if name != given:
        remark(
            f"event_name: sent as {name} because GA4 accepts only letters, digits and underscores"
        )
    return name


def problem_of(event: Event, mapper: Mapper, client_id: str, is_app: bool) -> str:
    """Why GA4 would silently discard the event; "" when it would not."""
    if problem := problem_of_name(name_of(event, mapper), is_app):
        return problem
    if not client_id:
        if is_app:
            return "app_instance_id is missing: GA4 requires it for events of an app"
        return "client_id is missing: GA4 requires client_id or user_id"
    return ""


def client_of(event: Event, client_id: str, is_app: bool, region: str | None) -> dict[str, Any]:
    """What a request says once, of the client and the person: all but the events."""
    client: dict[str, Any] = {"app_instance_id" if is_app else "client_id": client_id}
    if user_id := event.get("user_id"):
        client["user_id"] = user_id
    if properties := user_properties(event.get("user_properties", {})):
        client["user_properties"] = properties
    consent = _consent(event)
    if consent.get("ad_user_data") != "DENIED" and (user_data := _user_data(event, region)):
        client["user_data"] = user_data
    if consent:
        client["consent"] = consent
    return client | _place(event) | _device(event, is_app)


def translate(
    event: Event, mapper: Mapper, client: dict[str, Any], now: float, debug_mode: bool
) -> dict[str, Any]:
    """`event` in the format of GA4. now: Unix seconds. debug_mode: show it in DebugView.

    client: of `client_of`; it gets those fields that a mapping sets.
    """
    params = _params(event, debug_mode)
    if mapper.has_fields:
        params = _mapped(event, mapper, client, params)
    return {
        "name": name_of(event, mapper),
        "params": most_important(params),
        "timestamp_micros": round(event_time(event, now) * 1_000_000),
    }


def _params(event: Event, debug_mode: bool) -> dict[str, Any]:
    params: dict[str, Any] = {"engagement_time_msec": _engagement(event)}
    if session_id := session_id_of(event):
        params["session_id"] = session_id
    if debug_mode:
        params["debug_mode"] = True  # False would switch it on as well.
    if (value := event_value(event)) is not None:
        params["value"] = value
    if items := item_params(event.get("items", ())):
        params["items"] = items
    own = event.get("params")
    if isinstance(own, dict):
        given = scalar_params(own, _NOT_OWN_PARAMS) | scalar_params(event, _NOT_BESIDE_OWN)
    else:
        given = scalar_params(event, _NOT_PARAMS)
    return given | params


def _mapped(
    event: Event, mapper: Mapper, client: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """`params` after the mapping, as GA4 takes them; the other fields go to `client`."""
    body = {key: client[key] for key in _MAPPED_OF_CLIENT if key in client}
    body["params"] = params
    mapper.apply(event, body)
    told = {
        "user_properties": user_properties(body.get("user_properties", {})),
        "user_data": body.get("user_data"),
    }
    for key, value in told.items():
        if value:
            client[key] = value
        else:
            client.pop(key, None)
    return fitted_params(body.get("params", {}))


def _engagement(event: Event) -> int:
    """Milliseconds; GA4 does not count as active who was there for none."""
    return max(int(event.get("engagement_time_msec", 1)), 1)


def _device(event: Event, is_app: bool) -> dict[str, Any]:
    """The user agent, or for want of one what else is known of the device.

    GA4 takes a device over a user agent, but only from the agent does it get its own names of
    browsers and systems; those of other parsers ("Mobile Safari") would split the reports.
    """
    if not is_app and (user_agent := event.get("user_agent")):
        return {"user_agent": user_agent}
    device = {name: event.get(name) for name in ("language", "screen_resolution")}
    if isinstance(given := event.get("device"), dict):
        device |= given
    known = {name: text for name in _DEVICE if isinstance(text := device.get(name), str) and text}
    return {"device": known} if known else {}


def _user_data(event: Event, region: str | None) -> dict[str, Any]:
    person = event.get("user_data")
    if not person:
        return {}
    numbers = normalise.phone_numbers(event, normalise.phone, region)
    addresses = [_address(given) for given in normalise.addresses(person)]
    data = {
        "sha256_email_address": _emails([person])[:_MAX_EMAILS],
        "sha256_phone_number": numbers[:_MAX_PHONES],
        "address": [address for address in addresses if address][:_MAX_ADDRESSES],
    }
    return {name: values for name, values in data.items() if values}


def _is_anonymous(event: Event) -> bool:
    return event.get("anonymised") is True


def _consent(event: Event) -> dict[str, str]:
    """What Google may do with the event: for advertising nothing, if it is anonymous."""
    if _is_anonymous(event):
        return dict.fromkeys(_CONSENT_TYPES, "DENIED")
    given = event.get("consent", {})
    return {name: given[name].upper() for name in _CONSENT_TYPES if name in given}


def _client_of(text: str) -> str:
    """A browser that stands for `text`, in the form of a `client_id`; always the same."""
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4])}.{int.from_bytes(digest[4:8])}"


def _address(given: Mapping[str, Any]) -> dict[str, str]:
    address = {
        key: digests[0] for key, hashed in _OF_ADDRESS.items() if (digests := hashed([given]))
    }
    for place in ("city", "region"):
        if text := normalise.words_of_letters(given.get(place, "")):
            address[place] = text
    if postal_code := given.get("postal_code", "").strip():
        address["postal_code"] = postal_code
    stated = given.get("country", "")
    if country := country_code(stated):
        address["country"] = country
    elif stated:
        remark("country: removed because it is not a known country")
    return address


def _place(event: Event) -> dict[str, Any]:
    """Where the client is: by what the event says of it, else by its address.

    GA4 takes a location over an address, but finds the city of an address by itself, so a country
    alone is not worth it. It wants ISO 3166 codes, the country in front of the region (US-CA).
    """
    location, ip_override = event.get("event_location", {}), event.get("ip_override")
    country, region = country_code(location.get("country", "")), location.get("region", "")
    city = location.get("city")
    if ip_override and not (country and (region or city)):
        return {"ip_override": ip_override}
    place: dict[str, str] = {}
    if country:
        place["country_id"] = country
        if region:
            place["region_id"] = region if "-" in region else f"{country}-{region}"
        if isinstance(city, str) and city:
            place["city"] = city
    return {"user_location": place} if place else {}
