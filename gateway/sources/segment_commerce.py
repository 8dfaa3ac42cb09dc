"""Segment's commerce spec in the words of GA4.

Sources: segment.com/docs/connections/spec/ecommerce/v2 and
developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

from typing import Any

from gateway.event import Event
from gateway.sources.translation import present

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
_PRODUCT = (*_ITEM, "sku", "price", "quantity", "coupon", "url", "image_url")
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
    """GA4's `value` has no tax and no shipping in it: Segment's `revenue`, else its `total`."""
    for name in ("revenue", "total"):
        if "value" not in event and name in event:
            event["value"] = event.pop(name)


def _items(products: Any) -> Any:
    return [_item(product) for product in products] if isinstance(products, list) else products


def _item(product: Any) -> Any:
    if not isinstance(product, dict):
        return product
    item = {_ITEM.get(part, part): value for part, value in present(product).items()}
    if "item_id" not in item and "sku" in item:
        item["item_id"] = item.pop("sku")
    return item
