"""Translates events of Segment's commerce spec into those of GA4.

Sources: segment.com/docs/connections/spec/ecommerce/v2 and
developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from destinations.placeholders import is_placeholder
from gateway.event import Event
from gateway.event.text import folded
from gateway.sources.items import items_of
from gateway.sources.order_value import value_without_extras
from gateway.sources.reading import present, renamed

_ITEM = {
    "product_id": "item_id",
    "name": "item_name",
    "brand": "item_brand",
    "category": "item_category",
    "variant": "item_variant",
    "position": "index",
}
_OTHER_IDS = ("productId", "id", "sku")
"""The first of these is the `item_id` of an item without a product id."""

_PRODUCT = (*_ITEM, *_OTHER_IDS, "price", "quantity", "coupon", "url", "image_url")
"""Properties of an event about one product that describe the product."""

_PROPERTIES = {
    "order_id": "transaction_id",
    "list_id": "item_list_id",
    "list_name": "item_list_name",
    "query": "search_term",
    "payment_method": "payment_type",
    "shipping_method": "shipping_tier",
    "currency_code": "currency",
}
_CAMEL_CASE = {
    "orderId": "order_id",
    "productId": "product_id",
    "imageUrl": "image_url",
    "listId": "list_id",
    "listName": "list_name",
    "couponId": "coupon_id",
    "currencyCode": "currency_code",
    "shareVia": "share_via",
    "paymentMethod": "payment_method",
    "shippingMethod": "shipping_method",
}
"""The spelling of version 1, which older sites and apps still use."""

_OF_PROMOTIONS = {
    **_PROPERTIES,
    "name": "promotion_name",
    "creative": "creative_name",
    "position": "creative_slot",
}
_OF_COUPONS = {**_PROPERTIES, "coupon_id": "coupon"}
_OF_SHARES = {**_PROPERTIES, "share_via": "method"}


class _Kind(NamedTuple):
    """name: GA4's; "" if the event keeps Segment's. properties: our names by Segment's.
    of_one_product: properties of the event describe its product."""

    name: str = ""
    properties: Mapping[str, str] = _PROPERTIES
    of_one_product: bool = False


_KINDS = {
    "products searched": _Kind("search"),
    "product list viewed": _Kind("view_item_list"),
    "product list filtered": _Kind(),
    "promotion viewed": _Kind("view_promotion", _OF_PROMOTIONS),
    "promotion clicked": _Kind("select_promotion", _OF_PROMOTIONS),
    "product clicked": _Kind("select_item", of_one_product=True),
    "product viewed": _Kind("view_item", of_one_product=True),
    "product added": _Kind("add_to_cart", of_one_product=True),
    "product removed": _Kind("remove_from_cart", of_one_product=True),
    "cart viewed": _Kind("view_cart"),
    "checkout started": _Kind("begin_checkout"),
    "checkout step viewed": _Kind(),
    "checkout step completed": _Kind("add_shipping_info"),
    "payment info entered": _Kind("add_payment_info"),
    "order completed": _Kind("purchase"),
    "order updated": _Kind(),
    "order refunded": _Kind("refund"),
    "order cancelled": _Kind(),
    "coupon entered": _Kind(properties=_OF_COUPONS),
    "coupon applied": _Kind(properties=_OF_COUPONS),
    "coupon denied": _Kind(properties=_OF_COUPONS),
    "coupon removed": _Kind(properties=_OF_COUPONS),
    "product added to wishlist": _Kind("add_to_wishlist", of_one_product=True),
    "product removed from wishlist": _Kind(of_one_product=True),
    "wishlist product added to cart": _Kind("add_to_cart", of_one_product=True),
    "product shared": _Kind("share", _OF_SHARES, of_one_product=True),
    "cart shared": _Kind("share", _OF_SHARES),
    "product reviewed": _Kind(of_one_product=True),
    "signed up": _Kind("sign_up"),
    "signed in": _Kind("login"),
    "lead generated": _Kind("generate_lead"),
}
"""Kinds by the name of the event, in lower case."""

_KINDS |= {
    former: _KINDS[name]
    for former, name in {
        "viewed product category": "product list viewed",
        "viewed promotion": "promotion viewed",
        "clicked promotion": "promotion clicked",
        "clicked product": "product clicked",
        "viewed product": "product viewed",
        "added product": "product added",
        "removed product": "product removed",
        "started order": "checkout started",
        "viewed checkout step": "checkout step viewed",
        "completed checkout step": "checkout step completed",
        "completed order": "order completed",
        "updated order": "order updated",
    }.items()
}
"""Names of version 1, which the spec calls aliases."""

_NOT_COMMERCE = ("search", "share", "sign_up", "login", "generate_lead")
"""GA4's names that are also usual for events outside of commerce, with properties of their own."""

_BY_NAME = {
    folded(kind.name): kind
    for kind in reversed(_KINDS.values())
    if kind.name and kind.name not in _NOT_COMMERCE
} | {folded(name): kind for name, kind in _KINDS.items()}
"""Kinds by `folded` names. SDKs write ``Order Completed`` in any case, sites also
``order_completed``, or they call it ``purchase`` and keep Segment's properties."""


def commerce_event(name: Any, properties: Event) -> Event:
    """The `track` call `name` with its `properties`, in GA4's names if it is about commerce.

    Any other call keeps its name and its properties.
    """
    kind = _kind_of(name) if isinstance(name, str) else None
    if kind is None:
        return {**properties, **present({"event_name": name})}
    event = _in_snake_case(properties)
    products = event.pop("products", None)
    if products is None and kind.of_one_product and "items" not in event:
        product = {part: event.pop(part) for part in _PRODUCT if part in event}
        products = [product] if product else None
    if products is not None:
        event["items"] = _items(products)
    _use_revenue_as_value(event)
    event = renamed(event, kind.properties)
    return {**event, "event_name": _name_of(kind, event) or name.strip()}


def _kind_of(name: str) -> _Kind | None:
    return _KINDS.get(name.lower()) or _BY_NAME.get(folded(name))


def _in_snake_case(properties: Event) -> Event:
    """`properties` in the spelling of version 2; values that already have it are kept."""
    if _CAMEL_CASE.keys().isdisjoint(properties):
        return dict(properties)
    return renamed(properties, _CAMEL_CASE)


def _name_of(kind: _Kind, event: Event) -> str:
    """GA4's name. The name of a checkout step depends on what the customer chose in it."""
    if kind.name == "add_shipping_info" and "payment_type" in event:
        return kind.name if "shipping_tier" in event else "add_payment_info"
    return kind.name


def _items(products: Any) -> Any:
    items = items_of(products, _ITEM)
    return [_with_id(item) for item in items] if isinstance(items, list) else items


def _with_id(item: Any) -> Any:
    if isinstance(item, dict) and "item_id" not in item:
        for name in _OTHER_IDS:
            if name in item:
                item["item_id"] = item.pop(name)
                break
    return item


def _use_revenue_as_value(event: Event) -> None:
    """Sets `value`, which in GA4 excludes tax and shipping, to Segment's `revenue` or `subtotal`,
    or to `total` without both, unless it is stated. If they cannot be read, `total` stays where it
    is."""
    for name in ("value", "revenue", "subtotal"):
        if name in event and not _is_nothing(event[name]):
            event["value"] = event.pop(name)
            return
    if "total" in event:
        event.pop("value", None)
        event.update(value_without_extras(event["total"], event))
        if "value" in event:
            del event["total"]


def _is_nothing(value: object) -> bool:
    return isinstance(value, str) and is_placeholder(value.strip())
