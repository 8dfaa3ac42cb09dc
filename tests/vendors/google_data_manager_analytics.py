"""What Data Manager refuses in an event of a Google Analytics stream.

Source: developers.google.com/data-manager/api/devguides/events/analytics
(recommended-custom-events/send-events, measurement-protocol/upgrade/field-mappings).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import inf
from typing import Any

from tests.vendors.ga4_hit import (
    RESERVED,
    RESERVED_BEGINNINGS,
    RESERVED_IN_APPS,
    RESERVED_PROPERTIES,
)
from tests.vendors.google_data_manager_event import (
    ADDRESS,
    FIELDS,
    ITEM,
    Violation,
    cart,
    of_any,
    person,
)

_OLDEST = 72 * 3600
_FIELDS = FIELDS - {"adIdentifiers", "customVariables", "conversionCount"} | {
    *("eventName", "clientId", "appInstanceId", "userId", "additionalEventParameters"),
}
_DEVICE = {
    *("userAgent", "ipAddress", "category", "languageCode", "screenHeight", "screenWidth"),
    *("operatingSystem", "operatingSystemVersion", "model", "brand", "browser", "browserVersion"),
}
_PLACE = {"city", "subdivisionCode", "regionCode", "subcontinentCode", "continentCode", "storeId"}
_CATEGORIES = {"desktop", "mobile", "tablet", "smart tv"}
_ITEM = ITEM | {"additionalItemParameters"}
_ADDRESS = ADDRESS | {"addressLine", "city", "administrativeArea"}
_OWN = ("value", "currency", "transaction_id", "items", "item_id", "price", "quantity")


def violations_of_analytics(
    path: str, event: Mapping[str, Any], is_app: bool, now: float
) -> Iterator[Violation]:
    """What is wrong with `event` of a Google Analytics stream. now: Unix seconds."""
    yield from of_any(path, event, _FIELDS)
    name = event.get("eventName")
    if not (isinstance(name, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,39}", name)):
        yield Violation(f"{path}.event_name", "is not a name", "INVALID_EVENT_NAME")
    elif name in (RESERVED_IN_APPS if is_app else RESERVED):
        yield Violation(f"{path}.event_name", "is reserved", "INVALID_EVENT_NAME")
    needed, other = ("appInstanceId", "clientId") if is_app else ("clientId", "appInstanceId")
    if not event.get(needed):
        yield Violation(f"{path}.{needed}", "is required", "REQUIRED_FIELD_MISSING")
    if event.get(other):
        yield Violation(path, "has both", "BOTH_CLIENT_ID_AND_APP_INSTANCE_ID_NOT_ALLOWED")
    if event.get("eventSource") != ("APP" if is_app else "WEB"):
        reason = "EVENT_SOURCE_AND_DESTINATION_MISMATCH"
        yield Violation(f"{path}.event_source", "is not the stream's", reason)
    if now - _seconds(event.get("eventTimestamp")) > _OLDEST:
        yield Violation(f"{path}.event_timestamp", "is too old", "EVENT_TIME_INVALID")
    yield from person(path, event.get("userData"), _ADDRESS)
    yield from cart(f"{path}.cart_data", event.get("cartData", {}), _ITEM)
    if len(event.get("cartData", {}).get("couponCodes", [])) > 1:
        yield Violation(f"{path}.cart_data.coupon_codes", "only one", "INVALID_COUPON_CODE")
    given = event.get("additionalEventParameters", [])
    yield from _named(f"{path}.additional_event_parameters", given, "parameterName", 25)
    for item in event.get("cartData", {}).get("items", []):
        own = item.get("additionalItemParameters", [])
        yield from _named(f"{path}.cart_data.items", own, "parameterName", 50)
    properties = event.get("userProperties", {}).get("additionalUserProperties", [])
    yield from _named(f"{path}.user_properties", properties, "propertyName", 25)
    yield from _surroundings(path, event)


def _surroundings(path: str, event: Mapping[str, Any]) -> Iterator[Violation]:
    device, place = event.get("eventDeviceInfo", {}), event.get("eventLocation", {})
    for unknown in device.keys() - _DEVICE:
        yield Violation(f"{path}.event_device_info.{unknown}", "unknown field")
    if device.get("category", "mobile") not in _CATEGORIES:
        yield Violation(f"{path}.event_device_info.category", "unknown", "INVALID_DEVICE_CATEGORY")
    for key in ("screenWidth", "screenHeight"):
        if not isinstance(device.get(key, 1), int):
            yield Violation(f"{path}.event_device_info.{key}", "is not a whole number")
    for unknown in place.keys() - _PLACE:
        yield Violation(f"{path}.event_location.{unknown}", "unknown field")
    region, part = place.get("regionCode", "DE"), place.get("subdivisionCode", "DE-BE")
    if not re.fullmatch("[A-Z]{2}", region):
        yield Violation(f"{path}.event_location.region_code", "unknown", "INVALID_REGION_CODE")
    if not re.fullmatch("[A-Z]{2}-[A-Z0-9]{1,3}", part):
        reason = "INVALID_SUBDIVISION_CODE"
        yield Violation(f"{path}.event_location.subdivision_code", "unknown", reason)


def _named(path: str, given: Any, key: str, most: int) -> Iterator[Violation]:
    if len(given) > most:
        yield Violation(path, f"has more than {most}", "TOO_MANY_ELEMENTS")
    for each in given:
        if each.keys() != {key, "value"} or not all(isinstance(v, str) for v in each.values()):
            yield Violation(path, f"needs {key} and value, both text")
        elif key == "parameterName" and each[key] in _OWN:
            yield Violation(path, "has a field of its own", "RESERVED_NAME_USED")
        elif each[key].startswith(RESERVED_BEGINNINGS) or each[key] in RESERVED_PROPERTIES:
            yield Violation(path, "is reserved", "RESERVED_NAME_USED")


def _seconds(moment: Any) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError):
        return inf
