"""From an order of Shopify to a `purchase`.

Source: shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from collections.abc import Mapping
from typing import Any

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
            "timestamp": message.get("processed_at"),
            "client_id": next(iter(attributes.get("client_id", ())), None),
            "user_id": as_object(message.get("customer")).get("id"),
            "ip_override": message.get("browser_ip"),
            "user_agent": client.get("user_agent"),
            "currency": message.get("currency"),
            "value": message.get("total_price"),
            "tax": message.get("total_tax"),
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
            "email_address": order.get("email"),
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


def _objects(order: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = order.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
