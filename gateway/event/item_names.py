"""Decodes items in texts, and renames their quantity, for which shops have several names."""

from operator import is_not
from typing import Any

from gateway.event.json_texts import opened
from gateway.event.schema import as_items

QUANTITIES = ("qty", "Qty", "QTY")
"""The first of these that an item has is its quantity, unless it states that itself."""


def with_items_opened(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw`, an event with items, with each item of a list decoded that is JSON in a text; the same
    object if there is none."""
    items = raw["items"]
    if type(items) is not list or str not in map(type, items):
        return raw
    read = [opened(item) for item in items]
    return {**raw, "items": read} if any(map(is_not, read, items)) else raw


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
