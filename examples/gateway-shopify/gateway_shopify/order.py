"""From an order of Shopify to a `purchase`.

Source: shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from gateway.plugins import CONSENT_TYPES, Event, EventError, as_object, present

_ADDRESS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "street": "address1",
    "city": "city",
    "region": "province_code",
    "postal_code": "zip",
    "country": "country_code",
}
_ITEM = {
    "item_name": "title",
    "item_variant": "variant_title",
    "item_brand": "vendor",
    "price": "price",
    "quantity": "quantity",
}
_CLICK_IDS = {
    name.lower(): name
    for name in (
        "gclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "ttclid",
        "twclid",
        "li_fat_id",
        "epik",
        "ScCid",
        "rdt_cid",
    )
}
"""Parameters that ad platforms add to the URL of the first page, whatever their case."""


def is_test_order(message: Any) -> bool:
    """Whether `message`, any JSON value, is an order that nobody pays."""
    return isinstance(message, dict) and message.get("test") is True


def to_event(message: Any) -> Event:
    """The purchase in `message`, any JSON value. Raises `EventError` when there is none."""
    if not isinstance(message, dict):
        raise EventError("expected an order")
    number = message.get("id")
    if type(number) is not int:
        raise EventError("id: expected the number of an order")
    attributes = _attributes(message)
    client = as_object(message.get("client_details"))
    return present(
        {
            "event_name": "purchase",
            "event_id": f"shopify-{number}",
            "transaction_id": str(number),
            "timestamp": message.get("processed_at") or message.get("created_at"),
            "client_id": next(iter(attributes.get("client_id", ())), None),
            "user_id": as_object(message.get("customer")).get("id"),
            "ip_override": message.get("browser_ip") or client.get("browser_ip"),
            "user_agent": client.get("user_agent"),
            "page_referrer": message.get("referring_site"),
            "click_ids": _click_ids(message.get("landing_site")) or None,
            "currency": message.get("currency"),
            "value": message.get("current_total_price") or message.get("total_price"),
            "tax": message.get("current_total_tax") or message.get("total_tax"),
            "shipping": _shipping(message),
            "discount": message.get("total_discounts"),
            "coupon": _coupon(message),
            "items": [_item(each) for each in _objects(message, "line_items")],
            "user_data": _user_data(message) or None,
            "consent": {name: attributes[name] for name in CONSENT_TYPES if name in attributes}
            or None,
        }
    )


def _item(line: Mapping[str, Any]) -> Event:
    own = {name: line.get(key) for name, key in _ITEM.items()}
    return present({"item_id": line.get("sku") or line.get("product_id"), **own})


def _user_data(order: Mapping[str, Any]) -> Event:
    billing = as_object(order.get("billing_address"))
    address = present({name: billing.get(key) for name, key in _ADDRESS.items()})
    return present(
        {
            "email_address": order.get("email") or order.get("contact_email"),
            "phone_number": order.get("phone") or billing.get("phone"),
            "address": address or None,
        }
    )


def _attributes(order: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the theme of the shop has written into the cart: by name, all values, since the gateway
    lets a denial of consent win."""
    attributes: dict[str, list[Any]] = {}
    for each in _objects(order, "note_attributes"):
        attributes.setdefault(str(each.get("name")), []).append(each.get("value"))
    return attributes


def _coupon(order: Mapping[str, Any]) -> Any:
    codes = [each.get("code") for each in _objects(order, "discount_codes")]
    return codes[0] if codes else None


def _shipping(order: Mapping[str, Any]) -> Any:
    prices = as_object(order.get("total_shipping_price_set"))
    return as_object(prices.get("shop_money")).get("amount")


def _click_ids(landing_site: Any) -> dict[str, str]:
    """The clicks in `landing_site`, the path and the query of the visitor's first page."""
    if not isinstance(landing_site, str):
        return {}
    query = landing_site.partition("#")[0].partition("?")[2]
    found = ((_CLICK_IDS.get(name.lower()), value) for name, value in parse_qsl(query))
    return {name: value for name, value in found if name}


def _objects(order: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = order.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
