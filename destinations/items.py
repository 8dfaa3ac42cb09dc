"""Items under the names of GA4, converted from those of Universal Analytics where necessary.

Source: developers.google.com/analytics/devguides/collection/ga4/ecommerce; the older names are
those that gtag.js still reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations.paths import as_text
from destinations.remarks import remark

Item = Mapping[str, Any]

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
"""GA4's names by those of Universal Analytics."""

_OLDER_IDS = ("id", "name")
_CATEGORIES = ("item_category", *(f"item_category{n}" for n in range(2, 6)))


def items_with_names(items: Sequence[Item]) -> Sequence[Item]:
    """The items with an id or a name. Names of Universal Analytics are replaced by those of GA4 in
    an item without ``item_id``."""
    if all(map(_is_of_ga4, items)):
        return items
    named = [each for item in items if _is_named(each := _renamed(item))]
    if len(named) < len(items):
        remark("items: removed items without item_id and item_name")
    return named


def _is_of_ga4(item: Item) -> bool:
    return bool(item.get("item_id") or (item.get("item_name") and "id" not in item))


def _is_named(item: Item) -> bool:
    return bool(item.get("item_id") or item.get("item_name"))


def _renamed(item: Item) -> Item:
    named = {name: text for name in _OLDER_IDS if (text := as_text(item.get(name)))}
    if _is_of_ga4(item) or not named:
        return item
    remark("items: renamed fields of Universal Analytics")
    others = {name: value for name, value in item.items() if name not in _OLDER_IDS}
    stated = {name: value for name, value in others.items() if name not in _OLDER_NAMES and value}
    older = {_OLDER_NAMES.get(name, name): value for name, value in {**others, **named}.items()}
    renamed = older | stated
    categories = renamed.pop("category", None)
    if isinstance(categories, str):
        parts = categories.split("/", len(_CATEGORIES) - 1)
        renamed = dict(zip(_CATEGORIES, parts, strict=False)) | renamed
    return renamed
