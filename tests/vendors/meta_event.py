"""Why Meta refuses one event. Sources: see `tests.vendors.meta`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.vendors.checking import is_object, matches, number, public, text, texts, whole

DAY = 86_400


class Refusal(NamedTuple):
    subcode: int
    title: str
    why: str


def _malformed(why: str) -> Refusal:
    return Refusal(2804001, "Invalid parameter", why)


_ACTION_SOURCES = (
    *("email", "website", "app", "phone_call", "chat", "physical_store", "system_generated"),
    *("business_messaging", "other"),
)
_EVENT: dict[str, Callable[[Any], bool]] = {
    "event_name": text,
    "event_time": whole,
    "action_source": lambda value: value in _ACTION_SOURCES,
    "user_data": is_object,
    "custom_data": is_object,
    "app_data": is_object,
    "event_source_url": text,
    "event_id": text,
    "referrer_url": text,
    "opt_out": lambda value: isinstance(value, bool),
    "data_processing_options": lambda value: value in ([], ["LDU"]),
    "data_processing_options_country": lambda value: value in (0, 1),
    "data_processing_options_state": lambda value: value in (0, *range(1000, 1014)),
    "original_event_data": is_object,
    "attribution_data": is_object,
    "advanced_measurement_table": text,
    "customer_segmentation": text,
    "messaging_channel": lambda value: value in ("messenger", "whatsapp", "instagram"),
}
_REQUIRED = ("event_name", "event_time", "action_source", "user_data")

_DIGEST = matches(r"[0-9a-f]{64}(\.[A-Za-z0-9_-]{8})?")
_HASHED = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id")
_AS_THEY_ARE = (
    *("subscription_id", "lead_id", "fb_login_id", "anon_id", "madid", "page_id"),
    *("page_scoped_user_id", "ctwa_clid", "ig_account_id", "ig_sid"),
    "whatsapp_business_account_id",
)
_APPENDIX = r"(\.([A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8}))?"


def _hashes(value: Any) -> bool:
    return _DIGEST(value) or (isinstance(value, list) and value != [] and all(map(_DIGEST, value)))


_USER_DATA: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_HASHED, _hashes),
    **dict.fromkeys(_AS_THEY_ARE, lambda value: text(value) or whole(value)),
    "client_ip_address": public,
    "client_user_agent": text,
    "fbp": matches(rf"fb\.[0-9]\.[0-9]{{13}}\.[0-9]+{_APPENDIX}"),
    "fbc": matches(rf"fb\.[0-9]\.[0-9]{{13}}\.[A-Za-z0-9_-]+{_APPENDIX}"),
}
_TOO_THIN = (
    {"ct", "country", "st", "zp", "ge", "client_user_agent"},
    {"db", "client_user_agent"},
    {"fn", "ge"},
    {"ln", "ge"},
)


def _contents(value: Any) -> bool:
    return isinstance(value, list) and all(
        is_object(each) and text(each.get("id")) and _has(each, _CONTENT) for each in value
    )


_CONTENT: dict[str, Callable[[Any], bool]] = {
    "quantity": lambda value: number(value) and value > 0,
    "item_price": number,
    **dict.fromkeys(("id", "title", "brand", "category", "description"), text),
    "delivery_category": text,
}
_CONTENT_TYPES = ("product", "product_group", *("destination", "flight", "hotel"))
_CONTENT_TYPES += ("home_listing", "vehicle")
_CUSTOM_DATA: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("value", "net_revenue", "predicted_ltv"), number),
    "currency": matches("[A-Za-z]{3}"),
    "content_ids": texts,
    "contents": _contents,
    "content_type": lambda value: value in _CONTENT_TYPES,
    "num_items": lambda value: number(value) and value >= 0,
}
"""Other keys may have values of any type."""


def _has(given: Mapping[str, Any], rules: Mapping[str, Callable[[Any], bool]]) -> bool:
    return all(name not in given or rule(given[name]) for name, rule in rules.items())


def refusals(event: Any, now: float) -> Iterator[Refusal]:
    """Why `event` is refused. now: Unix seconds."""
    if not is_object(event):
        yield _malformed("an event is an object")
        return
    for name in _REQUIRED:
        if name not in event:
            yield _malformed(f"{name} is required")
    yield from _of_fields(event, _EVENT, "", known=True)
    if not (whole(event.get("event_time")) and is_object(event.get("user_data"))):
        return
    yield from _of_time(event, now)
    yield from _of_person(event["user_data"])
    yield from _of_purpose(event)


def _of_fields(
    given: Mapping[str, Any],
    rules: Mapping[str, Callable[[Any], bool]],
    where: str,
    *,
    known: bool = False,
) -> Iterator[Refusal]:
    """known: whether a field without a rule is refused."""
    for name, value in given.items():
        if name in rules and not rules[name](value):
            yield _malformed(f"{where}{name} is malformed")
        elif known and name not in rules:
            yield _malformed(f"{where}{name} is not a parameter")


def _of_time(event: Mapping[str, Any], now: float) -> Iterator[Refusal]:
    age = now - event["event_time"]
    if age > (62 if event.get("action_source") == "physical_store" else 7) * DAY:
        yield Refusal(2804003, "Event Timestamp Too Old", "event_time is more than 7 days ago")
    if age < -60:
        yield _malformed("event_time is in the future")


def _of_person(person: Mapping[str, Any]) -> Iterator[Refusal]:
    yield from _of_fields(person, _USER_DATA, "user_data.", known=True)
    if any(person.keys() <= thin for thin in _TOO_THIN):
        why = "it has too little of a person to be matched with anybody"
        yield Refusal(2804050, "Insufficient Customer Information Data", why)


def _of_source(event: Mapping[str, Any]) -> Iterator[Refusal]:
    source = event.get("action_source")
    if source == "app" or "app_data" in event:
        app_data = event.get("app_data", {})
        extinfo = app_data.get("extinfo")
        if not (isinstance(extinfo, list) and len(extinfo) == 16 and extinfo[0] in ("a2", "i2")):
            yield _malformed("app_data.extinfo is required")
        if app_data.get("advertiser_tracking_enabled") not in (0, 1):
            yield _malformed("app_data.advertiser_tracking_enabled is required")
    if source == "business_messaging":
        if "messaging_channel" not in event:
            yield _malformed("messaging_channel is required")
        if event.get("event_name") not in _MESSAGING_EVENTS:
            why = "this event is not supported for messaging"
            yield Refusal(2804066, "Messaging Event Invalid Event Type", why)


_MESSAGING_EVENTS = (
    *("AddToCart", "CartAbandoned", "InitiateCheckout", "LeadSubmitted", "Purchase"),
    *("QualifiedLead", "RatingProvided", "ReviewProvided", "ViewContent"),
    *(f"Order{what}" for what in ("Canceled", "Created", "Delivered", "Returned", "Shipped")),
)


def _of_purpose(event: Mapping[str, Any]) -> Iterator[Refusal]:
    custom_data = event.get("custom_data", {})
    if is_object(custom_data):
        yield from _of_fields(custom_data, _CUSTOM_DATA, "custom_data.")
    if event.get("event_name") == "Purchase":
        for name in ("value", "currency"):
            if name not in custom_data:
                yield Refusal(2804009, "Missing value or currency", f"{name} of a Purchase")
        if number(custom_data.get("value")) and custom_data["value"] < 0:
            yield _malformed("custom_data.value is negative")
    yield from _of_source(event)
    if event.get("data_processing_options") == ["LDU"]:
        for name in ("country", "state"):
            if f"data_processing_options_{name}" not in event:
                yield _malformed(f"data_processing_options_{name} is required")
