"""Conversions of a value to another type."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Literal, get_args

from destinations.numbers import MAX_EXACT, read_number
from destinations.paths import as_text

CastType = Literal["text", "number", "integer", "boolean"]
Cast = Callable[[Any], Any]
"""From a value to the same value in another type; None if it cannot be converted."""

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def is_plain_number(value: Any) -> bool:
    """Whether `value` is a number that every JSON reader reads alike."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isfinite(value) and abs(value) <= MAX_EXACT


def to_number(value: Any) -> int | float | None:
    """A number as it is, true and false as 1 and 0, and a text as the number that it states; None
    for other values."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    return read_number(value) if isinstance(value, str) else None


def _to_integer(value: Any) -> int | None:
    number = to_number(value)
    return int(number) if number is not None and is_plain_number(number) else None


def to_whole_number(value: Any) -> int | None:
    """A number as an integer; None for one with a fraction, and for other values."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _to_boolean(value: Any) -> bool | None:
    text = as_text(value)
    return None if text is None else _BOOLEANS.get(text.strip().lower())


CASTS: Mapping[CastType, Cast] = {
    "text": as_text,
    "number": to_number,
    "integer": _to_integer,
    "boolean": _to_boolean,
}
assert set(CASTS) == set(get_args(CastType))
