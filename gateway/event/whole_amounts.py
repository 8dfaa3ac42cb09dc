"""Reads amounts that are texts in currencies without decimals: there the dot in ``5.990`` can only
separate thousands. Without the currency it would be a decimal point."""

import re
from operator import is_not
from typing import Any

from gateway.event.currencies import WITHOUT_DECIMALS
from gateway.event.schema import as_items

MONEY = frozenset(["value", "tax", "shipping", "price", "discount"])
"""Fields of an event and of an item that are amounts of money."""

_by_threes = re.compile(r"\s{0,9}[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4}\s{0,9}").fullmatch


def with_whole_amounts(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw`, an event in a currency without decimals, with texts such as ``5.990`` as numbers; the
    same object if it has none."""
    read = _read(raw)
    items = as_items(raw.get("items"))
    if isinstance(items, list):
        listed = [_read(item) if isinstance(item, dict) else item for item in items]
        if any(map(is_not, listed, items)):
            return {**read, "items": listed}
    return read


def with_amounts_of_items(raw: dict[str, Any]) -> dict[str, Any]:
    """As `with_whole_amounts`, for an event that names no currency, if its items all name the same
    one; the same object if that has decimals."""
    items = raw["items"]
    first = items[0] if isinstance(items, list) and items else None
    code = first.get("currency") if isinstance(first, dict) else None
    if not isinstance(code, str) or code.upper() not in WITHOUT_DECIMALS:
        return raw
    alike = all(isinstance(each, dict) and each.get("currency") == code for each in items)
    return with_whole_amounts(raw) if alike else raw


def _read(holder: dict[str, Any]) -> dict[str, Any]:
    read = {name: number for name in MONEY if (number := _number(holder.get(name))) is not None}
    return {**holder, **read} if read else holder


def _number(value: Any) -> int | None:
    if isinstance(value, str) and _by_threes(value):
        return int(value.replace(".", ""))
    return None
