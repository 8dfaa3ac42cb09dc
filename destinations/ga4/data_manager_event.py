"""Converts parts of a Measurement Protocol request to fields of Data Manager's event.

Left out: the timestamps of user properties, which have no field, and ``campaign_details``, which
would be an event of its own.

Source: developers.google.com/data-manager/api/devguides/events/analytics/measurement-protocol/
upgrade/field-mappings, and for addresses google-ads-datamanager (AddressInfo).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from destinations.ga4.hit_values import as_text
from destinations.google_data_manager.api import MAX_IDENTIFIERS, consent
from destinations.paths import objects_at
from destinations.remarks import remark

_is_currency = re.compile(r"[A-Z]{3}").fullmatch
_PLACED = ("currency", "value", "transaction_id", "coupon", "items")
_OF_ITEM = {"item_id": "itemId", "quantity": "quantity", "price": "unitPrice"}
_OF_PLACE = {"city": "city", "country_id": "regionCode", "region_id": "subdivisionCode"}
_OF_DEVICE = {
    "category": "category",
    "language": "languageCode",
    "operating_system": "operatingSystem",
    "operating_system_version": "operatingSystemVersion",
    "model": "model",
    "brand": "brand",
    "browser": "browser",
    "browser_version": "browserVersion",
}
_REQUIRED_OF_ADDRESS = {
    "sha256_first_name": "givenName",
    "sha256_last_name": "familyName",
    "country": "regionCode",
    "postal_code": "postalCode",
}
_OF_ADDRESS = {
    **_REQUIRED_OF_ADDRESS,
    "sha256_street": "addressLine",
    "city": "city",
    "region": "administrativeArea",
}


def fields_of_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the parameters of an event."""
    made: dict[str, Any] = {}
    currency, value = params.get("currency"), params.get("value")
    if isinstance(currency, str) and _is_currency(currency):
        made["currency"] = currency
    elif currency is not None:
        remark("currency: removed because it is not an ISO 4217 code")
    if _is_number(value):
        made["conversionValue"] = value
    elif value is not None:
        remark("value: removed because it is not a number")
    if "transaction_id" in params:
        made["transactionId"] = as_text(params["transaction_id"])
    cart: dict[str, Any] = {}
    if "coupon" in params:
        cart["couponCodes"] = [as_text(params["coupon"])]
    if items := [item for given in params.get("items", ()) if (item := _item(given))]:
        cart["items"] = items
    if cart:
        made["cartData"] = cart
    others = {name: value for name, value in params.items() if name not in _PLACED}
    if others:
        made["additionalEventParameters"] = list(_named("parameterName", others))
    return made


def fields_of_client(client: Mapping[str, Any], customer_type: str) -> dict[str, Any]:
    """The fields that describe the client and the person. client: by `client_of`. customer_type:
    Google's value; "" for none."""
    made: dict[str, Any] = {}
    if user_id := client.get("user_id"):
        made["userId"] = user_id
    if identifiers := list(_identifiers(client.get("user_data", {}))):
        made["userData"] = {"userIdentifiers": identifiers[:MAX_IDENTIFIERS]}
    stated = {kind: state.lower() for kind, state in client.get("consent", {}).items()}
    if states := consent(stated):
        made["consent"] = states
    if place := _renamed(client.get("user_location", {}), _OF_PLACE):
        made["eventLocation"] = place
    if device := _device(client):
        made["eventDeviceInfo"] = device
    given = {name: each["value"] for name, each in client.get("user_properties", {}).items()}
    properties: dict[str, Any] = {"customerType": customer_type} if customer_type else {}
    if given:
        properties["additionalUserProperties"] = list(_named("propertyName", given))
    if properties:
        made["userProperties"] = properties
    return made


def _item(given: Mapping[str, Any]) -> dict[str, Any]:
    item = _renamed(given, _OF_ITEM)
    if "itemId" in item:
        item["itemId"] = as_text(item["itemId"])
    for key, is_fine in (("quantity", _is_whole), ("unitPrice", _is_number)):
        if key in item and not is_fine(item[key]):
            remark(f"items: removed a {key} that Google does not take")
            del item[key]
    if "quantity" in item:
        item["quantity"] = int(item["quantity"])
    others = {name: value for name, value in given.items() if name not in _OF_ITEM}
    if others:
        item["additionalItemParameters"] = list(_named("parameterName", others))
    return item


def _identifiers(user_data: Any) -> Iterator[dict[str, Any]]:
    """user_data: as in the Measurement Protocol, unless a mapping set it to anything else."""
    if not isinstance(user_data, dict):
        return
    for digest in _texts_at(user_data, "sha256_email_address"):
        yield {"emailAddress": digest}
    for digest in _texts_at(user_data, "sha256_phone_number"):
        yield {"phoneNumber": digest}
    for address in objects_at(user_data, "address"):
        if address.keys() >= _REQUIRED_OF_ADDRESS.keys():
            yield {"address": _renamed(address, _OF_ADDRESS)}


def _texts_at(holder: Mapping[str, Any], key: str) -> list[str]:
    held = holder.get(key)
    return [each for each in held if isinstance(each, str)] if isinstance(held, list) else []


def _device(client: Mapping[str, Any]) -> dict[str, Any]:
    device: dict[str, Any] = _renamed(client.get("device", {}), _OF_DEVICE)
    if user_agent := client.get("user_agent"):
        device["userAgent"] = user_agent
    if ip_override := client.get("ip_override"):
        device["ipAddress"] = ip_override
    width, _, height = client.get("device", {}).get("screen_resolution", "").partition("x")
    if width and height:
        device |= {"screenWidth": int(width), "screenHeight": int(height)}
    return device


def _named(key: str, values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    yield from ({key: name, "value": as_text(value)} for name, value in values.items())


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in given.items() if name in names}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return _is_number(value) and float(value).is_integer()  # type: ignore[arg-type]
