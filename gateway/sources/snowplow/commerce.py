"""Translates commerce events of Snowplow's plug-ins into those of GA4.

The event of a plug-in only states the action; the entities sent with it have all other data.

Sources: docs.snowplow.io, e-commerce events and entities; the schemas of the vendors
com.snowplowanalytics.snowplow.ecommerce and com.google.analytics.enhanced-ecommerce
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.event import Event
from gateway.sources.items import item_of
from gateway.sources.reading import renamed
from gateway.sources.snowplow.entities import Entity

_Names = Mapping[str, str]


class _PlugIn(NamedTuple):
    """action: the event's field with the action. names: our event names by action. entities: for
    each entity that describes the event, our names of its fields. products: entities that are
    items."""

    action: str
    names: _Names
    entities: Mapping[str, _Names]
    products: frozenset[str]


_CHECKOUT, _FAILED, _IMPRESSIONS = "checkout_step", "trns_error", "view"
_ECOMMERCE = "com.snowplowanalytics.snowplow.ecommerce"
_ENHANCED = "com.google.analytics.enhanced-ecommerce"
_TRACKERS = "com.snowplowanalytics.snowplow"
_PLUG_INS = {
    f"{_ECOMMERCE}/snowplow_ecommerce_action": _PlugIn(
        "type",
        {
            "product_view": "view_item",
            "list_view": "view_item_list",
            "list_click": "select_item",
            "add_to_cart": "add_to_cart",
            "remove_from_cart": "remove_from_cart",
            "promo_view": "view_promotion",
            "promo_click": "select_promotion",
            "checkout_step": _CHECKOUT,
            "transaction": "purchase",
            "refund": "refund",
            "trns_error": _FAILED,
        },
        {
            f"{_ECOMMERCE}/cart": {},
            f"{_ECOMMERCE}/checkout_step": {
                "delivery_method": "shipping_tier",
                "payment_method": "payment_type",
                "coupon_code": "coupon",
            },
            f"{_ECOMMERCE}/transaction": {
                "revenue": "value",
                "payment_method": "payment_type",
                "discount_code": "coupon",
                "discount_amount": "discount",
            },
            f"{_ECOMMERCE}/transaction_error": {},
            f"{_ECOMMERCE}/refund": {"refund_amount": "value"},
            f"{_ECOMMERCE}/promotion": {
                "id": "promotion_id",
                "name": "promotion_name",
                "type": "promotion_type",
                "creative_id": "creative_name",
                "slot": "creative_slot",
            },
        },
        frozenset([f"{_ECOMMERCE}/product"]),
    ),
    f"{_ENHANCED}/action": _PlugIn(
        "action",
        {
            "click": "select_item",
            "detail": "view_item",
            "view": _IMPRESSIONS,
            "add": "add_to_cart",
            "remove": "remove_from_cart",
            "checkout": _CHECKOUT,
            "checkout_option": "checkout_option",
            "purchase": "purchase",
            "refund": "refund",
            "promo_click": "select_promotion",
        },
        {
            f"{_ENHANCED}/actionFieldObject": {
                "id": "transaction_id",
                "revenue": "value",
                "list": "item_list_name",
            },
            f"{_ENHANCED}/promoFieldObject": {
                "id": "promotion_id",
                "name": "promotion_name",
                "creative": "creative_name",
                "position": "creative_slot",
            },
        },
        frozenset([f"{_ENHANCED}/productFieldObject", f"{_ENHANCED}/impressionFieldObject"]),
    ),
}
"""Plug-ins by the schemas of their events."""

_CART_EVENTS = {
    f"{_TRACKERS}/add_to_cart": "add_to_cart",
    f"{_TRACKERS}/remove_from_cart": "remove_from_cart",
}
"""Older events about one product, which they describe themselves."""

_ITEM: _Names = {
    "id": "item_id",
    "sku": "item_id",
    "name": "item_name",
    "brand": "item_brand",
    "category": "item_category",
    "variant": "item_variant",
    "unitPrice": "price",
    "position": "index",
    "list": "item_list_name",
    "creative_id": "creative_name",
}
_POSTAL_CODES = ("billing_postcode", "shipping_postcode")
_PERSONAL = (*_POSTAL_CODES, "billing_full_address", "shipping_full_address")


def commerce_event(
    told: Entity, entities: Sequence[Entity]
) -> tuple[Event, Sequence[Entity]] | None:
    """The commerce event in the self-describing event `told` and the `entities` that describe it,
    and the other entities. None if `told` is not a known commerce event."""
    if name := _CART_EVENTS.get(told.schema):
        item = item_of(told.data, _ITEM)
        return _with_items({"event_name": name}, [item]), entities
    plug_in = _PLUG_INS.get(told.schema)
    action = told.data.get(plug_in.action) if plug_in else None
    if plug_in is None or not isinstance(action, str) or action not in plug_in.names:
        return None
    event, items, others = _described(plug_in, entities)
    if "name" in told.data:
        event["item_list_name"] = told.data["name"]
    event["event_name"] = _name_of(plug_in.names[action], event)
    if event["event_name"] == _FAILED and "value" in event:
        event["revenue"] = event.pop("value")  # nothing was earned
    return _with_person_apart(_with_items(event, items)), others


def _described(
    plug_in: _PlugIn, entities: Sequence[Entity]
) -> tuple[Event, list[Any], list[Entity]]:
    """The fields and the items in `entities`, and the entities left over. Of each kind of entity
    except products, only the first is read."""
    event: Event = {}
    items: list[Any] = []
    others: list[Entity] = []
    read = set()
    for entity in entities:
        names = plug_in.entities.get(entity.schema)
        if entity.schema in plug_in.products:
            items.append(item_of(entity.data, _ITEM))
        elif names is not None and entity.schema not in read:
            read.add(entity.schema)
            event = {**renamed(entity.data, names), **event}
        else:
            others.append(entity)
    return event, items, others


def _name_of(name: str, event: Event) -> str:
    """GA4's name. The name of a checkout step depends on what the customer chose in it."""
    if name == _IMPRESSIONS:
        return "view_promotion" if "promotion_id" in event else "view_item_list"
    if name != _CHECKOUT:
        return name
    if "shipping_tier" in event:
        return "add_shipping_info"
    if "payment_type" in event:
        return "add_payment_info"
    return "begin_checkout" if event.get("step", 1) in (1, "1") else _CHECKOUT


def _with_items(event: Event, items: list[Any]) -> Event:
    """`event` with `items`, or with the products that a promotion shows. The event gets their
    currency if it has none and they agree."""
    shown = event.pop("product_ids", None)
    if not items and isinstance(shown, list):
        items = [{"item_id": each} for each in shown if isinstance(each, str | int)]
    if not items:
        return event
    currency = event.get("currency") or items[0].get("currency")
    if any(item.get("currency", currency) != currency for item in items):
        return {**event, "items": items}
    alike = [{name: part for name, part in item.items() if name != "currency"} for item in items]
    return {**event, "items": alike, **({"currency": currency} if currency else {})}


def _with_person_apart(event: Event) -> Event:
    """`event` with addresses, which are personal data, in `user_data`."""
    person = {name: event.pop(name) for name in _PERSONAL if name in event}
    codes = [person[name] for name in _POSTAL_CODES if name in person]
    if codes:
        person["address"] = {"postal_code": codes[0]}
    return {**event, "user_data": person} if person else event
