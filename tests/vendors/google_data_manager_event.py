"""What Data Manager refuses in an event.

Source: developers.google.com/data-manager/api/reference/rest/v1/events/ingest (Event), formatting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?Z").fullmatch
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
FIELDS = {
    *("eventTimestamp", "transactionId", "eventSource", "userData", "adIdentifiers", "currency"),
    *("conversionValue", "conversionCount", "cartData", "eventDeviceInfo", "userProperties"),
    *("customVariables", "lastUpdatedTimestamp", "destinationReferences", "eventLocation"),
    "consent",
}
_SOURCES = {"WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"}
_CLICKS = {
    *("gclid", "gbraid", "wbraid", "dclid", "impressionId", "matchId", "sessionAttributes"),
    *("mobileDeviceId", "landingPageDeviceInfo"),
}
_CART = {
    *("merchantId", "merchantFeedLabel", "merchantFeedLanguageCode", "transactionDiscount"),
    *("couponCodes", "items"),
}
ITEM = {"itemId", "merchantProductId", "quantity", "unitPrice", "customVariables"}
_STATES = {"CONSENT_GRANTED", "CONSENT_DENIED"}
_CUSTOMERS = {"NEW", "RETURNING", "REENGAGED"}
ADDRESS = {"givenName", "familyName", "regionCode", "postalCode"}


class Violation(NamedTuple):
    field: str
    why: str
    reason: str = "INVALID_ARGUMENT"


def violations(path: str, event: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong with `event` of an advertising account. path: the event's in the request."""
    yield from of_any(path, event, FIELDS)
    if not (event.get("userData") or event.get("adIdentifiers")):
        yield Violation(path, "needs user data or ad identifiers")
    value = event.get("conversionValue", 0)
    if _is_number(value) and value < 0:
        yield Violation(f"{path}.conversion_value", "is negative")
    yield from person(path, event.get("userData"), ADDRESS)
    for unknown in event.get("adIdentifiers", {}).keys() - _CLICKS:
        yield Violation(f"{path}.ad_identifiers.{unknown}", "unknown field")
    yield from cart(f"{path}.cart_data", event.get("cartData", {}), ITEM)


def of_any(path: str, event: Mapping[str, Any], fields: set[str]) -> Iterator[Violation]:
    for unknown in event.keys() - fields:
        yield Violation(f"{path}.{unknown}", "unknown field")
    if not _TIME(str(event.get("eventTimestamp"))):
        yield Violation(f"{path}.event_timestamp", "is not RFC 3339", "EVENT_TIME_INVALID")
    if event.get("eventSource") not in _SOURCES:
        yield Violation(f"{path}.event_source", "is unknown")
    if not isinstance(event.get("transactionId", "x"), str):
        yield Violation(f"{path}.transaction_id", "is not text")
    yield from _money(path, event)
    for key, state in event.get("consent", {}).items():
        if key not in ("adUserData", "adPersonalization") or state not in _STATES:
            yield Violation(f"{path}.consent.{key}", "is not a consent status")
    if event.get("userProperties", {}).get("customerType", "NEW") not in _CUSTOMERS:
        yield Violation(f"{path}.user_properties.customer_type", "is unknown")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _money(path: str, event: Mapping[str, Any]) -> Iterator[Violation]:
    value, currency = event.get("conversionValue", 0), event.get("currency", "EUR")
    if not _is_number(value):
        yield Violation(f"{path}.conversion_value", "is not a number")
    if not (isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)):
        yield Violation(f"{path}.currency", "is not ISO 4217", "INVALID_CURRENCY_CODE")


def person(path: str, user_data: Any, fields: set[str]) -> Iterator[Violation]:
    if user_data is None:
        return
    identifiers = user_data.get("userIdentifiers")
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= 10:
        yield Violation(f"{path}.user_data.user_identifiers", "needs 1 to 10")
        return
    for place, each in enumerate(identifiers):
        at = f"{path}.user_data.user_identifiers[{place}]"
        if len(each) != 1:
            yield Violation(at, "needs exactly one kind")
        for key in ("emailAddress", "phoneNumber"):
            if key in each and not _DIGEST(str(each[key])):
                yield Violation(f"{at}.{key}", "is not a hash in hex", "INVALID_HEX_ENCODING")
        if "address" in each:
            yield from _address(f"{at}.address", each["address"], fields)


def _address(at: str, address: Mapping[str, Any], fields: set[str]) -> Iterator[Violation]:
    if not ADDRESS <= address.keys() <= fields:
        yield Violation(at, f"needs {', '.join(sorted(ADDRESS))}")
        return
    for key in ("givenName", "familyName", "addressLine"):
        if key in address and not _DIGEST(str(address[key])):
            yield Violation(f"{at}.{key}", "is not a hash in hex", "INVALID_HEX_ENCODING")
    if not re.fullmatch("[A-Z]{2}", address["regionCode"]):
        yield Violation(f"{at}.region_code", "is not a country")
    if not address["postalCode"].strip():
        yield Violation(f"{at}.postal_code", "is empty")


def cart(at: str, cart: Mapping[str, Any], fields: set[str]) -> Iterator[Violation]:
    for unknown in cart.keys() - _CART:
        yield Violation(f"{at}.{unknown}", "unknown field")
    for place, item in enumerate(cart.get("items", [])):
        path = f"{at}.items[{place}]"
        for unknown in item.keys() - fields:
            yield Violation(f"{path}.{unknown}", "unknown field")
        quantity = item.get("quantity", 1)
        if isinstance(quantity, bool) or not isinstance(quantity, int):
            yield Violation(f"{path}.quantity", "is not a whole number")
        if not isinstance(item.get("unitPrice", 0), (int, float)):
            yield Violation(f"{path}.unit_price", "is not a number")
