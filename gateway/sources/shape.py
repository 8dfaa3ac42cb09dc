"""Describes the structure of a message without its values, to show why it was refused."""

import re
from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

import orjson

from gateway.event.schema import Address, Item, Location, UserData

MAX_SHAPE_BYTES = 2_000
_MAX_DEPTH = 3
_MAX_KEYS = 30
UNNAMED = "?"
_is_name = re.compile(r"[A-Za-z_$][A-Za-z_$.-]{0,39}").fullmatch
"""Names as programs write them, without digits. Others, which can hold anything, become ``?``."""

_NESTED = frozenset(chain(*(each.__annotations__ for each in (Item, UserData, Address, Location))))
"""Names that are shown inside objects, where a site may use its visitors' input as names."""


def shape(value: Any) -> Any:
    """The type of `value`: for an object, the types of its members by name; for a list, the type of
    its first element. As deep as `MAX_SHAPE_BYTES` of JSON allow."""
    for levels in range(_MAX_DEPTH, 0, -1):
        shaped = _shape(value, levels)
        if len(orjson.dumps(shaped)) <= MAX_SHAPE_BYTES:
            return shaped
    return _shape(value, 0)


def _shape(value: Any, levels: int, is_nested: bool = False) -> Any:
    if not levels and isinstance(value, Mapping | list):
        return "object" if isinstance(value, Mapping) else "list"
    if isinstance(value, Mapping):
        members = islice(value.items(), _MAX_KEYS)
        shown = {_name(name, is_nested): _shape(each, levels - 1, True) for name, each in members}
        return shown or "empty object"
    if isinstance(value, list):
        return [_shape(each, levels - 1, is_nested) for each in value[:1]] or "empty list"
    if isinstance(value, str):
        return "text" if value.strip() else "empty text"
    if value is None:
        return "null"
    return "boolean" if isinstance(value, bool) else "number"


def _name(name: str, is_nested: bool) -> str:
    if is_nested:
        return name if name in _NESTED else UNNAMED
    return shown_name(name)


def shown_name(name: str) -> str:
    """`name` if a program may have written it, else `UNNAMED`."""
    return name if _is_name(name) else UNNAMED
