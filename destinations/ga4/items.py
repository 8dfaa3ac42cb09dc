"""Items, as GA4 takes them.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference/events,
limitations); the names of Universal Analytics are those that gtag.js still reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations.ga4.rules import MAX_PARAM, TOO_LONG, is_param, scalar_of
from destinations.remarks import remark

_MAX_ITEMS, _MAX_CUSTOM = 200, 27

_ITEM_PARAMS = frozenset(
    {
        "item_id",
        "item_name",
        "affiliation",
        "coupon",
        "discount",
        "index",
        "item_brand",
        "item_category",
        "item_category2",
        "item_category3",
        "item_category4",
        "item_category5",
        "item_list_id",
        "item_list_name",
        "item_variant",
        "location_id",
        "price",
        "quantity",
        "promotion_id",
        "promotion_name",
        "creative_name",
        "creative_slot",
    }
)

_OLDER_NAMES = {
    "id": "item_id",
    "name": "item_name",
    "brand": "item_brand",
    "variant": "item_variant",
    "list": "item_list_name",
    "list_name": "item_list_name",
    "list_id": "item_list_id",
    "position": "index",
    "list_position": "index",
    "creative": "creative_name",
}
"""Those of Universal Analytics."""

_CATEGORIES = ("item_category", *(f"item_category{n}" for n in range(2, 6)))


def item_params(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first 200 of `items` that have an id or a name, of GA4 or of Universal Analytics."""
    named: Sequence[Mapping[str, Any]] = items
    if not all(map(_is_named, items)):
        named = [each for item in items if _is_named(each := _renamed(item))]
        if len(named) < len(items):
            remark("items: removed items without item_id and item_name")
    if len(named) > _MAX_ITEMS:
        remark(f"items: removed all after the first {_MAX_ITEMS}, the most that GA4 accepts")
    return [_item(item) for item in named[:_MAX_ITEMS]]


def _is_named(item: Mapping[str, Any]) -> bool:
    return bool(item.get("item_id") or item.get("item_name"))


def _renamed(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if _is_named(item) or not (item.get("id") or item.get("name")):
        return item
    remark("items: renamed fields of Universal Analytics")
    renamed = {_OLDER_NAMES.get(name, name): value for name, value in item.items()}
    categories = renamed.pop("category", None)
    if isinstance(categories, str):
        parts = categories.split("/", len(_CATEGORIES) - 1)
        renamed = dict(zip(_CATEGORIES, parts, strict=False)) | renamed
    return renamed


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """As GA4 takes it: with no quantity, where it is not above zero."""
    params: dict[str, Any] = {}
    custom = 0
    for name, value in item.items():
        scalar = scalar_of(name, value, MAX_PARAM, "items.")
        if scalar is None:
            continue
        if name == "quantity" and value <= 0:
            remark("items: removed a quantity of zero or less")
            continue
        if name not in _ITEM_PARAMS:
            if custom == _MAX_CUSTOM or not is_param(name[:TOO_LONG]):
                remark(f"items: removed {name} because GA4 does not accept it as an item parameter")
                continue
            custom += 1
        params[name] = scalar
    return params
