"""Translates products of other tools into GA4's items.

Source: developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

from collections.abc import Mapping
from typing import Any

from gateway.event.json_texts import opened
from gateway.event.schema import as_list
from gateway.sources.reading import present, renamed

_CATEGORIES = ("item_category", *(f"item_category{level}" for level in range(2, 6)))


def items_of(products: Any, names: Mapping[str, str]) -> Any:
    """The items in `products`: a list, an object with items under any keys, or a single item, also
    as JSON in a text. Any other value is returned unchanged.

    names: ours by theirs; fields that are not in it keep their names.
    """
    listed = products if isinstance(products, list) else as_list(opened(products))
    if isinstance(listed, dict):
        listed = _listed(listed)
    return [item_of(each, names) for each in listed] if isinstance(listed, list) else listed


def _listed(products: dict[str, Any]) -> list[Any]:
    values = list(products.values())
    return values if all(isinstance(each, dict) for each in values) else [products]


def item_of(product: Any, names: Mapping[str, str]) -> Any:
    """The item in `product`; a value that is not an object is returned unchanged."""
    if not isinstance(product, dict):
        return product
    item = renamed(present(product), names)
    category = item.get("item_category")
    if isinstance(category, str) and "/" in category:
        return with_category_levels(item, category)
    return item


def with_category_levels(item: dict[str, Any], path: str) -> dict[str, Any]:
    """`item` with the levels of `path`, such as ``Apparel/Shirts``, in GA4's five categories; the
    fifth holds all further levels. A level that the item states itself is kept.

    Universal Analytics split categories in this way, and gtag.js still does.
    """
    levels = [level.strip() for level in path.split("/", len(_CATEGORIES) - 1)]
    split = dict(zip(_CATEGORIES, filter(None, levels), strict=False))
    stated = {name: value for name, value in item.items() if name != "item_category"}
    return {**stated, **{name: level for name, level in split.items() if name not in stated}}
