"""What GA4 takes of an event: which names, how long, how many. The rest it loses without a word.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, limitations).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

_MAX_PARAMS, _MAX_ITEMS, _MAX_CUSTOM_ITEM_PARAMS, _MAX_USER_PROPERTIES = 25, 200, 27, 25
_LONGEST = {"page_title": 300, "page_referrer": 420, "page_location": 1000}
_LONGEST_PARAM, _LONGEST_USER_PROPERTY = 100, 36

_is_event_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
_is_param = lru_cache(1024)(
    re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
)
"""Remembered, because the names of parameters are few and seen with every event."""
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

_MOST_IMPORTANT = (
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
_RANK = {name: rank for rank, name in enumerate(_MOST_IMPORTANT)}

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


def problem_of_name(name: str, app: bool) -> str:
    """What is wrong with `name` as an event's name, in an `app` stream or a web one; "" if nothing.

    A name is never changed to fit, because reports and key events go by it.
    """
    if not _is_event_name(name):
        return "event_name must be up to 40 letters, digits and underscores, a letter first"
    if name in _RESERVED_NAMES or (app and name in _RESERVED_APP_NAMES):
        return "event_name is reserved: GA4 makes such events itself"
    return ""


def scalar_params(fields: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """Those of `fields` that can be parameters of an event, cut to GA4's lengths, but `without`."""
    return {
        name: scalar
        for name, value in fields.items()
        if name not in without
        and (scalar := _scalar(value, _LONGEST.get(name, _LONGEST_PARAM))) is not None
        and _is_param(name)
    }


def most_important(params: dict[str, Any]) -> dict[str, Any]:
    """`params`, or the 25 of them that reports need most."""
    if len(params) <= _MAX_PARAMS:
        return params
    kept = sorted(params, key=lambda name: _RANK.get(name, len(_RANK)))[:_MAX_PARAMS]
    return {name: params[name] for name in kept}


def item_params(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first 200 of `items` that have an id or a name."""
    named = (item for item in items if item.get("item_id") or item.get("item_name"))
    return [_item(item) for item in islice(named, _MAX_ITEMS)]


def user_properties(given: Mapping[str, Any]) -> dict[str, Any]:
    """Up to 25 properties, from values by name or from the protocol's ``{"value": ...}``."""
    properties: dict[str, Any] = {}
    for name, value in given.items():
        content = value.get("value") if isinstance(value, dict) else value
        scalar = _scalar(content, _LONGEST_USER_PROPERTY)
        if (
            scalar is not None
            and _is_user_property(name)
            and name not in _RESERVED_USER_PROPERTIES
            and len(properties) < _MAX_USER_PROPERTIES
        ):
            properties[name] = {"value": scalar}
    return properties


def _scalar(value: object, longest: int) -> str | float | None:
    """`value` as GA4 keeps it; None for what it loses: null, nothing, lists and objects."""
    if isinstance(value, str):
        return value[:longest] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (int, float)) else None


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    custom = 0
    for name, value in item.items():
        scalar = _scalar(value, _LONGEST_PARAM)
        if scalar is None:
            continue
        if name not in _ITEM_PARAMS:
            if custom == _MAX_CUSTOM_ITEM_PARAMS or not _is_param(name):
                continue
            custom += 1
        params[name] = scalar
    return params
