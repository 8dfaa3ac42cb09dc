"""Segment's commerce spec in the words of GA4.

Sources: segment.com/docs/connections/spec/ecommerce/v2 and
developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

from typing import Any

from destinations.numbers import read_number
from gateway.event import Event
from gateway.event.amounts import Unreadable, read_amount
from gateway.sources.reading import present

_NAMES = {
    "product list viewed": "view_item_list",
    "product clicked": "select_item",
    "product viewed": "view_item",
    "products searched": "search",
    "product added": "add_to_cart",
    "product removed": "remove_from_cart",
    "product added to wishlist": "add_to_wishlist",
    "product shared": "share",
    "cart viewed": "view_cart",
    "checkout started": "begin_checkout",
    "checkout step completed": "add_shipping_info",
    "payment info entered": "add_payment_info",
    "order completed": "purchase",
    "order refunded": "refund",
    "promotion viewed": "view_promotion",
    "promotion clicked": "select_promotion",
    "signed up": "sign_up",
    "signed in": "login",
    "lead generated": "generate_lead",
}
"""GA4's name of each event, which SDKs write in any case."""

_OF_ONE_PRODUCT = frozenset(
    ["select_item", "view_item", "add_to_cart", "remove_from_cart", "add_to_wishlist", "share"]
)
_ITEM = {
    "product_id": "item_id",
    "name": "item_name",
    "brand": "item_brand",
    "category": "item_category",
    "variant": "item_variant",
    "position": "index",
}
_OTHER_IDS = ("id", "sku")
"""The first of these is the `item_id` of an item without a product id."""

_PRODUCT = (*_ITEM, *_OTHER_IDS, "price", "quantity", "coupon", "url", "image_url")
"""Properties of an event about one product that describe the product."""

_PROPERTIES = {
    "order_id": "transaction_id",
    "list_id": "item_list_id",
    "query": "search_term",
    "payment_method": "payment_type",
    "shipping_method": "shipping_tier",
}


def commerce_event(name: Any, properties: Event) -> Event:
    """The `track` call `name` with its `properties`, in GA4's words where it is commerce.

    Any other call keeps its name and its properties as they are.
    """
    known = _NAMES.get(name.strip().lower()) if isinstance(name, str) else None
    if known is None:
        return {**properties, **present({"event_name": name})}
    event = dict(properties)
    products = event.pop("products", None)
    if products is None and known in _OF_ONE_PRODUCT:
        product = {part: event.pop(part) for part in _PRODUCT if part in event}
        products = [product] if product else None
    if products is not None:
        event["items"] = _items(products)
    _settle_value(event)
    event = {_PROPERTIES.get(part, part): value for part, value in event.items()}
    return {**event, "event_name": known}


def _settle_value(event: Event) -> None:
    """GA4's `value` has no tax and no shipping in it: Segment's `revenue`, or its `total` without
    them."""
    if "value" not in event and "revenue" in event:
        event["value"] = event.pop("revenue")
    if "value" not in event and "total" in event:
        event["value"] = _without_extras(event.pop("total"), event)


def _without_extras(total: Any, event: Event) -> Any:
    """`total` without the tax and the shipping of `event`, or as it is if it is no number or less
    than these."""
    whole = _number(total)
    if whole is None:
        return total
    value = round(whole - sum(_number(event.get(name)) or 0 for name in ("tax", "shipping")), 6)
    return value if value >= 0 else total


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            return read_number(value) or read_amount(value).number
        except Unreadable:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _items(products: Any) -> Any:
    return [_item(product) for product in products] if isinstance(products, list) else products


def _item(product: Any) -> Any:
    if not isinstance(product, dict):
        return product
    item = {_ITEM.get(part, part): value for part, value in present(product).items()}
    if "item_id" not in item:
        for name in _OTHER_IDS:
            if name in item:
                item["item_id"] = item.pop(name)
                break
    return item
