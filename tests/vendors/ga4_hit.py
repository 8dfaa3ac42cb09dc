"""What Google's validation says of the body of a request. Sources: see `tests.vendors.ga4`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Message(NamedTuple):
    """Field names are those of the validation endpoint."""

    fieldPath: str
    description: str
    validationCode: str


_is_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
_is_user_property = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}").fullmatch
_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch
_is_country = re.compile(r"[A-Z]{2}").fullmatch

_DAYS = 86_400 * 1_000_000
_BODY = frozenset(
    (
        *("client_id", "app_instance_id", "user_id", "timestamp_micros", "user_properties"),
        *("user_data", "consent", "user_location", "ip_override", "device", "user_agent"),
        *("validation_behavior", "events"),
    )
)
_DEVICE = frozenset(
    (
        *("category", "language", "screen_resolution", "operating_system", "model", "brand"),
        *("operating_system_version", "browser", "browser_version"),
    )
)
_LOCATION = frozenset(("city", "region_id", "country_id", "subcontinent_id", "continent_id"))
_PERSON = {"sha256_email_address": 3, "sha256_phone_number": 3, "address": 2}
RESERVED = frozenset(
    (
        *("ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure"),
        *("app_clear_data", "app_exception", "app_install", "app_remove", "app_store_refund"),
        *("app_update", "app_upgrade", "dynamic_link_app_open", "dynamic_link_app_update"),
        *("dynamic_link_first_open", "error", "firebase_campaign", "first_open", "first_visit"),
        *("firebase_in_app_message_action", "firebase_in_app_message_dismiss"),
        *("firebase_in_app_message_impression", "notification_dismiss", "notification_foreground"),
        *("notification_open", "notification_receive", "notification_send", "os_update"),
        *("session_start", "user_engagement"),
    )
)
RESERVED_IN_APPS = frozenset(("ad_impression", "in_app_purchase", "screen_view"))
RESERVED_PROPERTIES = frozenset(
    (
        *("first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id"),
        "first_open_after_install",
    )
)
RESERVED_BEGINNINGS = ("_", "firebase_", "ga_", "google_", "gtag.")
_LONGEST = {"page_title": 300, "page_referrer": 420, "page_location": 1000}
_MAX_CUSTOM_ITEM_PARAMS = 27
_ITEM = frozenset(
    (
        *("item_id", "item_name", "affiliation", "coupon", "discount", "index", "item_brand"),
        *("item_category", "item_category2", "item_category3", "item_category4"),
        *("item_category5", "item_list_id", "item_list_name", "item_variant", "location_id"),
        *("price", "quantity", "promotion_id", "promotion_name", "creative_name"),
        "creative_slot",
    )
)
_NO_SCALAR = (dict, list, type(None))
_OF_PURCHASE = {"purchase": ("transaction_id",), "refund": ("transaction_id",)}


def messages(body: Any, now: float, is_app: bool) -> Iterator[Message]:
    """What is wrong with `body`. now: Unix seconds. is_app: whether the stream is an app's."""
    if not isinstance(body, dict):
        yield Message("", "The body is not an object", "VALUE_INVALID")
        return
    for name in body.keys() - _BODY:
        yield Message(name, "It is not a field of the protocol", "NAME_INVALID")
    client = "app_instance_id" if is_app else "client_id"
    if not _is_text(body.get(client)):
        yield Message(client, "It is required", "VALUE_REQUIRED")
    if len(str(body.get("user_id", ""))) > 256:
        yield Message("user_id", "It has more than 256 characters", "VALUE_OUT_OF_BOUNDS")
    yield from _of_user_properties(body.get("user_properties", {}))
    yield from _of_user_data(body.get("user_data", {}))
    yield from _of_consent(body.get("consent", {}))
    yield from _of_known("device", body.get("device", {}), _DEVICE)
    yield from _of_place(body.get("user_location", {}))
    yield from _of_events(body.get("events"), now, is_app)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_user_properties(given: Any) -> Iterator[Message]:
    if not isinstance(given, dict):
        yield Message("user_properties", "It is not an object", "VALUE_INVALID")
        return
    if len(given) > 25:
        yield Message("user_properties", "More than 25", "EXCEEDED_MAX_ENTITIES")
    for name, holder in given.items():
        path = f"user_properties.{name}"
        if not _is_user_property(name):
            yield Message(path, "The name is malformed", "NAME_INVALID")
        if name in RESERVED_PROPERTIES or name.startswith(RESERVED_BEGINNINGS[:-1]):
            yield Message(path, "The name is reserved", "NAME_RESERVED")
        if not isinstance(holder, dict) or isinstance(holder.get("value"), _NO_SCALAR):
            yield Message(path, "The value is no text or number", "VALUE_INVALID")
        elif len(str(holder["value"])) > 36 and isinstance(holder["value"], str):
            yield Message(path, "More than 36 characters", "VALUE_OUT_OF_BOUNDS")


def _of_user_data(given: Any) -> Iterator[Message]:
    yield from _of_known("user_data", given, _PERSON.keys())
    for name, most in _PERSON.items():
        values = given.get(name, []) if isinstance(given, dict) else []
        if len(values) > most:
            yield Message(f"user_data.{name}", f"More than {most}", "EXCEEDED_MAX_ENTITIES")
        for value in values:
            hashed = (
                [part for key, part in value.items() if key.startswith("sha256_")]
                if isinstance(value, dict)
                else [value]
            )
            if not all(isinstance(each, str) and _is_digest(each) for each in hashed):
                yield Message(f"user_data.{name}", "It is not a hash", "VALUE_INVALID")


def _of_consent(given: Any) -> Iterator[Message]:
    yield from _of_known("consent", given, {"ad_user_data", "ad_personalization"})
    for name, value in given.items() if isinstance(given, dict) else ():
        if value not in ("GRANTED", "DENIED"):
            yield Message(f"consent.{name}", "Neither GRANTED nor DENIED", "VALUE_INVALID")


def _of_place(given: Any) -> Iterator[Message]:
    yield from _of_known("user_location", given, _LOCATION)
    if isinstance(given, dict) and not _is_country(given.get("country_id", "DE")):
        yield Message("user_location.country_id", "Not ISO 3166-1 alpha-2", "VALUE_INVALID")


def _of_known(path: str, given: Any, names: Any) -> Iterator[Message]:
    if not isinstance(given, dict):
        yield Message(path, "It is not an object", "VALUE_INVALID")
        return
    for name in given.keys() - set(names):
        yield Message(f"{path}.{name}", "It is not a field of the protocol", "NAME_INVALID")


def _of_events(events: Any, now: float, is_app: bool) -> Iterator[Message]:
    if not isinstance(events, list) or not events:
        yield Message("events", "It is required", "VALUE_REQUIRED")
        return
    if len(events) > 25:
        yield Message("events", "More than 25", "EXCEEDED_MAX_ENTITIES")
    for event in events:
        if not isinstance(event, dict) or not isinstance(event.get("params", {}), dict):
            yield Message("events", "An event or its params is not an object", "VALUE_INVALID")
            continue
        yield from _of_known("events", event, {"name", "params", "timestamp_micros"})
        yield from _of_name(event.get("name"), is_app)
        yield from _of_time(event.get("timestamp_micros"), now)
        yield from _of_params(event.get("name"), event.get("params", {}))


def _of_name(name: Any, is_app: bool) -> Iterator[Message]:
    if not isinstance(name, str) or not _is_name(name):
        yield Message("events.name", "The name is malformed", "NAME_INVALID")
    elif name in RESERVED or (is_app and name in RESERVED_IN_APPS):
        yield Message("events.name", f"{name} is reserved", "NAME_RESERVED")


def _of_time(micros: Any, now: float) -> Iterator[Message]:
    if micros is None:
        return
    if not isinstance(micros, int) or isinstance(micros, bool):
        yield Message("events.timestamp_micros", "It is not a whole number", "VALUE_INVALID")
    elif not -3 * _DAYS <= micros - now * 1_000_000 <= 15 * 60 * 1_000_000:
        yield Message("events.timestamp_micros", "More than 72 h ago", "VALUE_OUT_OF_BOUNDS")


def _of_params(name: Any, params: Mapping[str, Any]) -> Iterator[Message]:
    if len(params) > 25:
        yield Message("events.params", "More than 25", "EXCEEDED_MAX_ENTITIES")
    for param, value in params.items():
        if param != "items":
            yield from _of_param(f"events.params.{param}", param, value)
    if not _is_number(params.get("value", 0)):
        yield Message("events.params.value", "It is not a number", "VALUE_INVALID")
    for required in _OF_PURCHASE.get(name, ()):
        if not params.get(required):
            yield Message(f"events.params.{required}", "It is required", "VALUE_REQUIRED")
    if "value" in params and not params.get("currency"):
        yield Message("events.params.currency", "value needs it", "VALUE_REQUIRED")
    yield from _of_items(params.get("items", []))


def _of_param(path: str, name: str, value: Any) -> Iterator[Message]:
    if not _is_name(name):
        yield Message(path, "The name is malformed", "NAME_INVALID")
    if name.startswith(RESERVED_BEGINNINGS) or name == "firebase_conversion":
        yield Message(path, "The name is reserved", "NAME_RESERVED")
    if isinstance(value, _NO_SCALAR):
        yield Message(path, "The value is no text or number", "VALUE_INVALID")
    if isinstance(value, str) and len(value) > _LONGEST.get(name, 100):
        yield Message(path, "The value is too long", "VALUE_OUT_OF_BOUNDS")


def _of_items(items: Any) -> Iterator[Message]:
    if not isinstance(items, list):
        yield Message("events.params.items", "It is not a list", "VALUE_INVALID")
        return
    if len(items) > 200:
        yield Message("events.params.items", "More than 200", "EXCEEDED_MAX_ENTITIES")
    for item in items:
        if not isinstance(item, dict) or not (item.get("item_id") or item.get("item_name")):
            yield Message("events.params.items", "item_id or item_name", "VALUE_REQUIRED")
            continue
        if len(item.keys() - _ITEM) > _MAX_CUSTOM_ITEM_PARAMS:
            yield Message("events.params.items", "Too many of one's own", "EXCEEDED_MAX_ENTITIES")
        for name, value in item.items():
            yield from _of_param(f"events.params.items.{name}", name, value)
