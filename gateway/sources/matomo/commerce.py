"""Translates Matomo's orders, carts and products into those of GA4.

Sources: developer.matomo.org/api-reference/tracking-api (ecommerce);
github.com/matomo-org/matomo, js/piwik.js (`logEcommerce`), for how the tracker writes an order; and
developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

from typing import Any

from gateway.event import Event
from gateway.event.schema import as_list
from gateway.sources.matomo.hits import Hit
from gateway.sources.matomo.values import selected
from gateway.sources.order_value import value_without_extras
from gateway.sources.reading import decoded_text, present

_ITEM = ("item_id", "item_name", "item_category", "price", "quantity")
"""The fields of an item in `ec_items`, in their order."""

_REVENUE = "revenue"
_ORDER = {
    "ec_id": "transaction_id",
    "ec_st": "subtotal",
    "ec_tx": "tax",
    "ec_sh": "shipping",
    "ec_dt": "discount",
}
_EXTRAS = ("ec_st", "ec_tx", "ec_sh", "ec_dt")
_LEFT_OUT = ("undefined", "null", "false")
"""What the tracker writes for those of `_EXTRAS` that a page does not pass to it."""

CART = frozenset({*_ORDER, _REVENUE, "ec_items"})
"""Parameters of an order or a cart."""

PRODUCT = {"_pks": "item_id", "_pkn": "item_name", "_pkc": "item_category", "_pkp": "price"}
"""Parameters of the product that a page shows."""


def cart(hit: Hit) -> Event:
    """The order in `hit`, or, without an `ec_id`, the present content of the visitor's cart. The
    revenue keeps its name if it includes tax or shipping that cannot be read."""
    stated = {name: hit[name] for name in hit if name not in _EXTRAS or hit[name] not in _LEFT_OUT}
    name = "purchase" if "ec_id" in hit else "cart_update"
    event = {"event_name": name, **selected(stated, _ORDER)}
    if _REVENUE in hit:
        event |= value_without_extras(hit[_REVENUE], event)
        if "value" not in event:
            event[_REVENUE] = hit[_REVENUE]
    if "ec_items" in hit:
        event["items"] = _items(hit["ec_items"])
    return event


def viewed_product(hit: Hit) -> Event:
    """The product that a page shows, or the category if it shows no product."""
    product = _with_categories(selected(hit, PRODUCT))
    if "item_id" in product or "item_name" in product:
        return {"event_name": "view_item", "items": [product]}
    return present({"event_name": "view_item_list", "item_list_name": product.get("item_category")})


def _items(said: Any) -> Any:
    """GA4's items. A value that is not a list is returned unchanged, to be named as ignored."""
    rows = as_list(decoded_text(said))
    return [_item(row) for row in rows] if isinstance(rows, list) else said


def _item(row: Any) -> Any:
    if not isinstance(row, list):
        return row
    return _with_categories(present(dict(zip(_ITEM, row, strict=False))))


def _with_categories(item: Event) -> Event:
    """`item` with its categories under GA4's names; Matomo has up to five, in a list or in JSON."""
    said = item.get("item_category")
    if isinstance(said, str) and said.startswith("["):
        said = decoded_text(said)
    if not isinstance(said, list):
        return item
    others = {name: value for name, value in item.items() if name != "item_category"}
    names = ("item_category", *(f"item_category{place}" for place in range(2, 6)))
    return {**others, **present(dict(zip(names, said, strict=False)))}
