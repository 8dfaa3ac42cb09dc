"""Decodes items in texts, and renames their quantity, for which shops have several names."""

from operator import is_not
from typing import Any

from gateway.event.json_texts import opened
from gateway.event.schema import as_items

QUANTITIES = ("qty", "Qty", "QTY", "Quantity", "QUANTITY")
"""The first of these that an item has is its quantity, unless it states that itself."""

_NO_ITEMS = frozenset([str, list])


def with_items_opened(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw`, an event with items, with each item of a list decoded that is JSON in a text, and with
    the items of lists in the list itself; the same object if it has neither."""
    items = raw["items"]
    if type(items) is not list or _NO_ITEMS.isdisjoint(map(type, items)):
        return raw
    read = [opened(item) for item in items]
    lists = [each for each in read if isinstance(each, list)]
    if lists and not any(isinstance(item, list) for listed in lists for item in listed):
        read = [item for each in read for item in (each if isinstance(each, list) else [each])]
    elif not any(map(is_not, read, items)):
        return raw
    return {**raw, "items": read}


def with_quantities(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw`, an event with items, with each quantity under `quantity`; the same object if none has
    another name."""
    items = raw["items"]
    if type(items) is not list:
        items = as_items(opened(items))
        if not isinstance(items, list):
            return raw
    for item in items:  # usually all have one, and this check is cheap
        if isinstance(item, dict) and "quantity" not in item:
            break
    else:
        return raw
    named = [_with_quantity(item) if isinstance(item, dict) else item for item in items]
    return {**raw, "items": named} if any(map(is_not, named, items)) else raw


def _with_quantity(item: dict[str, Any]) -> dict[str, Any]:
    if "quantity" in item:
        return item
    for name in QUANTITIES:
        if name in item:
            return {"quantity" if each == name else each: value for each, value in item.items()}
    return item
