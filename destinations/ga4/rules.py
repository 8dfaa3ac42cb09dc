"""The scalars that GA4 keeps: their names, lengths and number. It drops all others silently.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, limitations).
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from destinations.remarks import remark

MAX_PARAMS, MAX_USER_PROPERTIES = 25, 25
MAX_PARAM, MAX_USER_PROPERTY = 100, 36
MAX_TRANSACTION_ID = MAX_PARAM
_LONGEST = {"page_title": 300, "page_referrer": 420, "page_location": 1000}
_NO_SCALARS = ("items", "debug_mode")

is_param = lru_cache(1024)(
    re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
)
"""Cached, because parameters have few names, which occur in every event. Pass only the first
`TOO_LONG` characters of a name, because senders choose names."""
TOO_LONG = 41
"""Length of the shortest name that is too long for a parameter."""
is_user_property = re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,23}").fullmatch
_INTERNAL = ("x-ga-", "x-sst-", "x-ads-")
"""Prefixes of fields that Google's tags send to Google's servers for internal use."""

RESERVED_USER_PROPERTIES = frozenset(
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
"""The parameters that are kept first, if an event has more than GA4 accepts."""
_LEAST = len(_MAX_IMPORTANT)
_RANK = {name: rank for rank, name in enumerate(_MAX_IMPORTANT)} | {"event_id": _LEAST + 1}


def longest_param(name: str) -> int:
    """How many characters GA4 keeps of the parameter `name`."""
    return _LONGEST.get(name, MAX_PARAM)


def scalar_params(fields: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """The `fields` that can be parameters of an event, cut to GA4's lengths, except `without`."""
    params: dict[str, Any] = {}
    for name, value in fields.items():
        if name in without:
            continue
        if not is_param(name[:TOO_LONG]):
            if (value or value == 0) and not name.startswith(_INTERNAL):
                remark(f"{name}: removed because GA4 does not accept a parameter with this name")
            continue
        if type(value) is str and 0 < len(value) <= MAX_PARAM:  # as most are
            params[name] = value
        elif (scalar := scalar_of(name, value, longest_param(name))) is not None:
            params[name] = scalar
    if "transaction_id" in params and len(str(fields["transaction_id"])) > MAX_TRANSACTION_ID:
        remark("transaction_id: removed, because orders would be merged if it were truncated")
        del params["transaction_id"]
    return params


def fitted_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """`params`, some of which a mapping has set, in the form that GA4 accepts."""
    kept = {name: params[name] for name in _NO_SCALARS if name in params}
    fitted = scalar_params(params, kept) | kept
    return {name: fitted[name] for name in params if name in fitted}


def most_important(params: dict[str, Any]) -> dict[str, Any]:
    """`params`, or the 25 of them that reports need most."""
    if len(params) <= MAX_PARAMS:
        return params
    ranked = sorted(params, key=lambda name: _RANK.get(name, _LEAST))
    left_out = ", ".join(ranked[MAX_PARAMS:])
    remark(f"{left_out}: removed because GA4 accepts at most {MAX_PARAMS} parameters")
    return {name: params[name] for name in ranked[:MAX_PARAMS]}


def user_properties(given: Mapping[str, Any]) -> dict[str, Any]:
    """Up to 25 properties, from plain values or the protocol's ``{"value": ...}``."""
    properties: dict[str, Any] = {}
    for name, value in given.items():
        content = value.get("value") if isinstance(value, dict) else value
        scalar = scalar_of(f"user_properties.{name}", content, MAX_USER_PROPERTY)
        if scalar is None:
            continue
        if not is_user_property(name) or name in RESERVED_USER_PROPERTIES:
            remark(
                f"user_properties.{name}: removed because GA4 does not accept a user property "
                f"with this name"
            )
        elif len(properties) == MAX_USER_PROPERTIES:
            remark(
                f"user_properties: removed all after the first {MAX_USER_PROPERTIES}, the most "
                f"that GA4 accepts"
            )
        else:
            properties[name] = {"value": scalar, **_time_of(value)}
    return properties


def _time_of(value: object) -> dict[str, int]:
    """The time at which a property in the protocol's form got its value, if stated."""
    stated = value.get("timestamp_micros") if isinstance(value, dict) else None
    return {"timestamp_micros": stated} if type(stated) is int and stated > 0 else {}


def scalar_of(name: str, value: object, longest: int, inside: str = "") -> str | float | None:
    """`value` as GA4 keeps it; None for values that it drops: null, empty texts, lists and objects.

    name, inside: the field's name, and the prefix of its parent, for remarks.
    """
    if isinstance(value, str):
        if len(value) > longest:
            remark(f"{inside}{name}: truncated to {longest} characters")
        return value[:longest] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    if value:
        remark(f"{inside}{name}: removed because GA4 does not accept lists or objects")
    return None
