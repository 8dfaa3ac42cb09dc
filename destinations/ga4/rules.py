"""What GA4 takes of an event: which names, how long, how many. The rest it loses without a word.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, limitations).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from destinations.remarks import remark

_MAX_PARAMS, _MAX_ITEMS, _MAX_CUSTOM_ITEM_PARAMS, _MAX_USER_PROPERTIES = 25, 200, 27, 25
_LONGEST = {"page_title": 300, "page_referrer": 420, "page_location": 1000}
_MAX_PARAM, _MAX_USER_PROPERTY = 100, 36

_is_event_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
_no_name_characters = re.compile(r"[^A-Za-z0-9_]+")
_is_param = lru_cache(1024)(
    re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
)
"""Retention, because the names of parameters are few and seen with every event."""
_is_user_property = re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,23}").fullmatch

_RESERVED_NAMES = frozenset(
    {
        "ad_activeview",
        "ad_click",
        "ad_exposure",
        "ad_query",
        "ad_reward",
        "adunit_exposure",
        "app_clear_data",
        "app_exception",
        "app_install",
        "app_remove",
        "app_store_refund",
        "app_update",
        "app_upgrade",
        "dynamic_link_app_open",
        "dynamic_link_app_update",
        "dynamic_link_first_open",
        "error",
        "firebase_campaign",
        "firebase_in_app_message_action",
        "firebase_in_app_message_dismiss",
        "firebase_in_app_message_impression",
        "first_open",
        "first_visit",
        "notification_dismiss",
        "notification_foreground",
        "notification_open",
        "notification_receive",
        "notification_send",
        "os_update",
        "session_start",
        "user_engagement",
    }
)
_RESERVED_APP_NAMES = frozenset({"ad_impression", "in_app_purchase", "screen_view"})
_RESERVED_USER_PROPERTIES = frozenset(
    {
        "first_open_time",
        "first_visit_time",
        "last_deep_link_referrer",
        "user_id",
        "first_open_after_install",
    }
)

_MAX_IMPORTANT = (
    "session_id",
    "engagement_time_msec",
    "debug_mode",
    "currency",
    "value",
    "transaction_id",
    "items",
    "tax",
    "shipping",
    "coupon",
    "page_location",
    "page_title",
    "page_referrer",
    "search_term",
    "item_list_id",
    "item_list_name",
    "payment_type",
    "shipping_tier",
    "promotion_id",
    "promotion_name",
    "creative_name",
    "creative_slot",
    "method",
    "lead_source",
)
"""What stays of an event with more parameters than GA4 takes."""
_NO_SCALARS = ("items", "debug_mode")
_RANK = {name: rank for rank, name in enumerate(_MAX_IMPORTANT)}

_ITEM_PARAMS = frozenset(
    {
        "item_id",
        "item_name",
        "affiliation",
        "coupon",
        "discount",
        "index",
        "item_brand",
        "item_category",
        "item_category2",
        "item_category3",
        "item_category4",
        "item_category5",
        "item_list_id",
        "item_list_name",
        "item_variant",
        "location_id",
        "price",
        "quantity",
        "promotion_id",
        "promotion_name",
        "creative_name",
        "creative_slot",
    }
)


@lru_cache(1024)
def spelled(name: str) -> str:
    """`name` as an event's name at GA4, which has underscores for blanks and punctuation:
    ``Song_Played`` for ``Song Played``. A name with other letters stays as it is."""
    if _is_event_name(name) or not name.isascii():
        return name
    return "_".join(filter(None, _no_name_characters.split(name)))


def problem_of_name(name: str, app: bool) -> str:
    """What is wrong with `name` as an event's name, in an `app` stream or a web one; "" if nothing.

    A name is never cut to fit, because reports and key events go by it.
    """
    if not _is_event_name(name):
        return (
            "event_name must start with a letter and have at most 40 letters, digits and "
            "underscores"
        )
    if name in _RESERVED_NAMES or (app and name in _RESERVED_APP_NAMES):
        return "event_name is reserved: GA4 creates these events itself"
    return ""


def scalar_params(fields: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """Those of `fields` that can be parameters of an event, cut to GA4's lengths, but `without`."""
    params: dict[str, Any] = {}
    for name, value in fields.items():
        if name in without:
            continue
        scalar = _scalar(name, value, _LONGEST.get(name, _MAX_PARAM))
        if scalar is None:
            continue
        if _is_param(name):
            params[name] = scalar
        else:
            remark(f"{name}: removed because GA4 does not accept a parameter with this name")
    return params


def fitted_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """`params`, some of which a mapping has set, as GA4 takes them."""
    kept = {name: params[name] for name in _NO_SCALARS if name in params}
    fitted = scalar_params(params, kept) | kept
    return {name: fitted[name] for name in params if name in fitted}


def most_important(params: dict[str, Any]) -> dict[str, Any]:
    """`params`, or the 25 of them that reports need most."""
    if len(params) <= _MAX_PARAMS:
        return params
    ranked = sorted(params, key=lambda name: _RANK.get(name, len(_RANK)))
    left_out = ", ".join(ranked[_MAX_PARAMS:])
    remark(f"{left_out}: removed because GA4 accepts at most {_MAX_PARAMS} parameters")
    return {name: params[name] for name in ranked[:_MAX_PARAMS]}


def item_params(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first 200 of `items` that have an id or a name."""
    named = [item for item in items if item.get("item_id") or item.get("item_name")]
    if len(named) < len(items):
        remark("items: removed items without item_id and item_name")
    if len(named) > _MAX_ITEMS:
        remark(f"items: removed all after the first {_MAX_ITEMS}, the most that GA4 accepts")
    return [_item(item) for item in named[:_MAX_ITEMS]]


def user_properties(given: Mapping[str, Any]) -> dict[str, Any]:
    """Up to 25 properties, from values by name or from the protocol's ``{"value": ...}``."""
    properties: dict[str, Any] = {}
    for name, value in given.items():
        content = value.get("value") if isinstance(value, dict) else value
        scalar = _scalar(f"user_properties.{name}", content, _MAX_USER_PROPERTY)
        if scalar is None:
            continue
        if not _is_user_property(name) or name in _RESERVED_USER_PROPERTIES:
            remark(
                f"user_properties.{name}: removed because GA4 does not accept a user property "
                f"with this name"
            )
        elif len(properties) == _MAX_USER_PROPERTIES:
            remark(
                f"user_properties: removed all after the first {_MAX_USER_PROPERTIES}, the most "
                f"that GA4 accepts"
            )
        else:
            properties[name] = {"value": scalar}
    return properties


def _scalar(name: str, value: object, longest: int) -> str | float | None:
    """`value` as GA4 keeps it; None for what it loses: null, nothing, lists and objects.

    name: of the field, for remarks.
    """
    if isinstance(value, str):
        if len(value) > longest:
            remark(f"{name}: truncated to {longest} characters")
        return value[:longest] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    if value:
        remark(f"{name}: removed because GA4 does not accept lists or objects")
    return None


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """As GA4 takes it: with no quantity, where it is not above zero."""
    params: dict[str, Any] = {}
    custom = 0
    for name, value in item.items():
        scalar = _scalar(name, value, _MAX_PARAM)
        if scalar is None:
            continue
        if name == "quantity" and value <= 0:
            remark("items: removed a quantity of zero or less")
            continue
        if name not in _ITEM_PARAMS:
            if custom == _MAX_CUSTOM_ITEM_PARAMS or not _is_param(name):
                remark(f"items: removed {name} because GA4 does not accept it as an item parameter")
                continue
            custom += 1
        params[name] = scalar
    return params
