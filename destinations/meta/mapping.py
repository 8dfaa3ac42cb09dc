"""From an event to one of Meta's server events.

Sources: developers.facebook.com/docs/marketing-api/conversions-api (parameters/server-event,
parameters/customer-information-parameters, parameters/custom-data).
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from destinations import normalise
from destinations.base import Event
from destinations.common import event_time, event_value
from destinations.meta.identifiers import identifiers, identifies
from destinations.meta.restrictions import restrictions
from destinations.meta.settings import ActionSource
from destinations.normalise import Hashing, hashing
from destinations.remarks import remark

NAMES = {
    "page_view": "PageView",
    "view_item": "ViewContent",
    "view_item_list": "ViewContent",
    "search": "Search",
    "view_search_results": "Search",
    "add_to_cart": "AddToCart",
    "add_to_wishlist": "AddToWishlist",
    "begin_checkout": "InitiateCheckout",
    "add_payment_info": "AddPaymentInfo",
    "purchase": "Purchase",
    "generate_lead": "Lead",
    "sign_up": "CompleteRegistration",
    "subscribe": "Subscribe",
    "start_trial": "StartTrial",
    "contact": "Contact",
}
"""Standard names by GA4's; every other name is a custom event."""

STANDARD_NAMES = frozenset(NAMES.values()) | {
    "CustomizeProduct",
    "Donate",
    "FindLocation",
    "Schedule",
    "SubmitApplication",
}

_CUSTOM_TEXTS = {
    "transaction_id": "order_id",
    "search_term": "search_string",
    **{
        name: name
        for name in (
            "currency",
            "content_name",
            "content_category",
            "delivery_category",
            "status",
            # Meta takes keys of one's own too: the parameters of GA4's recommended events.
            "affiliation",
            "coupon",
            "creative_name",
            "creative_slot",
            "item_list_id",
            "item_list_name",
            "lead_source",
            "method",
            "payment_type",
            "promotion_id",
            "promotion_name",
            "shipping_tier",
        )
    },
}
_CUSTOM_NUMBERS = ("net_revenue", "num_items", "predicted_ltv", "shipping", "tax")
_CUSTOM: dict[str, tuple[str, tuple[type, ...]]] = {
    **{name: (key, (str, int, float)) for name, key in _CUSTOM_TEXTS.items()},
    **{name: (name, (int, float)) for name in _CUSTOM_NUMBERS},
}
"""Fields of an event that become ``custom_data``, by type. What is not named here stays here."""

_CONTENT = {
    "item_name": "title",
    "item_brand": "brand",
    "item_category": "category",
    "description": "description",
    "delivery_category": "delivery_category",
}

_EVENT_TEXTS = {
    "event_id": "event_id",
    "page_location": "event_source_url",
    "page_referrer": "referrer_url",
}

_external_id = hashing("user_id", normalise.external_id)
_OF_PERSON = {
    "em": hashing("email_address", normalise.email),
    "ge": hashing("gender", normalise.gender),
    "db": hashing("date_of_birth", normalise.birth_date),
}
"""All but the phone number, which is hashed by the country."""
# Meta's two libraries disagree about spaces and punctuation in names: both forms go.
_NAME_FORMS = (normalise.bare_name, normalise.trimmed_name)
_OF_ADDRESS = {
    "fn": hashing("first_name", *_NAME_FORMS),
    "ln": hashing("last_name", *_NAME_FORMS),
    "ct": hashing("city", normalise.city),
    "st": hashing("region", normalise.state),
    "zp": hashing("postal_code", normalise.postal_code),
    "country": hashing("country", normalise.country),
}

_UNHASHED = (
    "subscription_id",
    "lead_id",
    "fb_login_id",
    "anon_id",
    "madid",
    "page_id",
    "page_scoped_user_id",
    "ctwa_clid",
    "ig_account_id",
    "ig_sid",
    "whatsapp_business_account_id",
)
"""Fields of ``user_data`` that are Meta's own, sent as they are."""

_TOO_THIN = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Identities that Meta refuses with subcode 2804050, and every part of one."""

_NOT_STANDARD = "event_name is not a Meta standard event, and custom_events is off"
_NEGATIVE = "value is negative: Meta does not support refunds"
_TOO_LITTLE = (
    "no usable customer information: Meta needs an e-mail address, a phone number, user_id, "
    "fbp, fbc, a public IP address or a full name"
)


def translate(event: Event, now: float, action_source: str, region: str | None) -> dict[str, Any]:
    """`event` in the format of Meta.

    now: Unix seconds. action_source: of an event that has none. region: ISO 3166-1 alpha-2 of phone
    numbers without a country code, if the event does not tell its country.
    """
    given: str = event["event_name"]
    name = NAMES.get(given, given)
    seconds = event_time(event, now)
    translated: dict[str, Any] = {
        "event_name": name,
        "event_time": int(seconds),
        "action_source": _action_source(event, action_source),
        "user_data": _user_data(event, seconds, region),
    }
    for field, key in _EVENT_TEXTS.items():
        if value := event.get(field):
            translated[key] = value
    if custom_data := _custom_data(event, name):
        translated["custom_data"] = custom_data
    if isinstance(app_data := event.get("app_data"), dict):
        translated["app_data"] = app_data
    return translated | restrictions(event)


def unsendable(event: Event, custom_events: bool, region: str | None) -> str:
    """Why Meta would always refuse `event`; "" if it would not.

    custom_events, region: as for `problem_of` and `translate`.
    """
    name = NAMES.get(event["event_name"], event["event_name"])
    if not custom_events and name not in STANDARD_NAMES:
        return _NOT_STANDARD
    if name == "Purchase" and event.get("value", 0) < 0:
        return _NEGATIVE
    if not identifies(event) and _is_too_thin(_user_data(event, 0, region)):
        return _TOO_LITTLE
    return ""


def problem_of(translated: Mapping[str, Any], custom_events: bool) -> str:
    """Why Meta would refuse an event, and with it the whole request; "" when it would not.

    translated: by `translate`. custom_events: whether events without a standard name may be sent.
    """
    name, custom_data = translated["event_name"], translated.get("custom_data", {})
    if not custom_events and name not in STANDARD_NAMES:
        return _NOT_STANDARD
    if name == "Purchase":
        if missing := [key for key in ("value", "currency") if key not in custom_data]:
            return (
                f"{' and '.join(missing)} missing: Meta requires value and currency for a purchase"
            )
        if custom_data["value"] < 0:
            return _NEGATIVE
    if translated["action_source"] == "app" and "app_data" not in translated:
        return "app_data is missing: Meta requires it when action_source is app"
    if _is_too_thin(translated["user_data"]):
        return _TOO_LITTLE
    return ""


def _is_too_thin(user_data: Mapping[str, Any]) -> bool:
    return any(user_data.keys() <= thin for thin in _TOO_THIN)


def _action_source(event: Event, default: str) -> str:
    given = event.get("action_source")
    return given if isinstance(given, str) and given in get_args(ActionSource) else default


def _user_data(event: Event, seconds: float, region: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        _add_person(data, person)
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
    if external_id := _external_id([event]):
        data["external_id"] = external_id
    if user_agent := event.get("user_agent"):
        data["client_user_agent"] = user_agent
    return data | identifiers(event, seconds)


def _add_person(data: dict[str, Any], person: Mapping[str, Any]) -> None:
    _add_hashes(data, _OF_PERSON, [person])
    _add_hashes(data, _OF_ADDRESS, normalise.addresses(person))
    for key in _UNHASHED:
        if key in person and isinstance(value := person[key], (str, int)):
            data[key] = value


def _add_hashes(
    data: dict[str, Any], hashings: Mapping[str, Hashing], holders: Sequence[Mapping[str, Any]]
) -> None:
    for key, hashed in hashings.items():
        if digests := hashed(holders):
            data[key] = digests


def _custom_data(event: Event, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if (value := event_value(event)) is not None:
        data["value"] = value
    for field, content in event.items():
        if field in _CUSTOM:
            key, types = _CUSTOM[field]
            if not isinstance(content, types):
                remark(f"{field}: removed because Meta does not accept a value of this type")
            elif content != "":
                data[key] = content
    given = event.get("items", ())
    items = [item for item in given if item.get("item_id")]
    if len(items) < len(given):
        remark("items: removed items without item_id")
    if items:
        _add_items(data, items, event["event_name"], name)
    return data


def _add_items(data: dict[str, Any], items: Sequence[Event], event_name: str, name: str) -> None:
    data["content_ids"] = [item["item_id"] for item in items]
    data["contents"] = [_content(item) for item in items]
    data["content_type"] = "product_group" if event_name == "view_item_list" else "product"
    if name in ("InitiateCheckout", "Purchase"):
        data.setdefault("num_items", sum(max(item.get("quantity", 1), 0) for item in items))
    if len(items) == 1:
        for field, key in (("item_name", "content_name"), ("item_category", "content_category")):
            if field in items[0]:
                data.setdefault(key, items[0][field])


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    content = {"id": item["item_id"]}
    if (quantity := item.get("quantity", 1)) > 0:
        content["quantity"] = quantity
    else:
        remark("items: removed a quantity of zero or less")
    if "price" in item:
        content["item_price"] = item["price"]
    for field, value in item.items():
        if field in _CONTENT and isinstance(value, str) and value:
            content[_CONTENT[field]] = value
    return content
