"""Reading at paths into an event: ``user_data.address.city``, ``items.0.price``, ``items.*.price``,
``page_location.query.email``.

A path is compiled once, at start, into a function. A path that continues into a text reads the text
as a URL: see `destinations.url_parts`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from destinations.url_parts import read_part

MISSING: Final = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for a missing field (None is a value)."""

ANY: Final = "*"
"""The part of a path that means every element of a list."""

OBJECT_OR_LIST: Final = ("user_data", "address")
"""The path of the only field that may be an object or a list of objects."""

Keys = Sequence[str]

_IN_NO_LIST = 2**31
"""The index of a key that is no index: beyond the end of any list."""


def getter(path: str) -> Callable[[dict[str, Any]], Any]:
    """A function from an event to the value at `path`, or MISSING.

    With ``*`` in the path, the value is a list of all values found, or MISSING if there are none.
    """
    keys = path.split(".")
    if ANY in keys:
        return _finder(keys)
    first, steps = keys[0], _steps(keys)[1:]
    if not steps:
        return lambda event: event.get(first, MISSING)

    def get(event: dict[str, Any]) -> Any:
        value = event.get(first, MISSING)
        for key, index, left in steps:
            if isinstance(value, dict):
                value = value.get(key, MISSING)
            elif isinstance(value, list):
                value = value[index] if index < len(value) else MISSING
            elif isinstance(value, str):
                part = read_part(value, left)
                return MISSING if part is None else part
            else:
                return MISSING
        return value

    return get


def reader(path: str) -> Callable[[dict[str, Any]], Any]:
    """Like `getter`, but reads the first element of a list of addresses."""
    keys = path.split(".")
    place = len(OBJECT_OR_LIST)
    if tuple(keys[:place]) != OBJECT_OR_LIST or len(keys) == place or _is_element(keys[place]):
        return getter(path)
    get, get_below = getter(".".join(keys[:place])), getter(".".join(keys[place:]))

    def read(event: dict[str, Any]) -> Any:
        value = get(event)
        if isinstance(value, list):
            value = value[0] if value else MISSING
        return get_below(value) if isinstance(value, dict) else MISSING

    return read


def _is_element(key: str) -> bool:
    return key == ANY or index_of(key) != _IN_NO_LIST


def object_at(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at `key`; an empty object if there is none."""
    held = holder.get(key)
    return held if isinstance(held, dict) else {}


def objects_at(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list at `key`; none if there is no list."""
    held = holder.get(key)
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def as_text(value: Any) -> str | None:
    """A text, number or boolean as it is written in JSON and URLs; None for other values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else str(value)
    return str(value) if isinstance(value, int) else None


def _steps(keys: Keys) -> list[tuple[str, int, Keys]]:
    """Each of `keys` with its index for lists, and with all keys from it on."""
    return [(key, index_of(key), keys[at:]) for at, key in enumerate(keys)]


def index_of(key: str) -> int:
    """`key` as an index of a list; for any other key, an index that no list has."""
    is_index = key.isascii() and key.isdigit() and len(key) < 10
    return int(key) if is_index else _IN_NO_LIST


def _finder(keys: Keys) -> Callable[[dict[str, Any]], Any]:
    steps = _steps(keys)

    def find_all(event: dict[str, Any]) -> Any:
        found: list[Any] = [event]
        parts: list[Any] = []  # parts of URLs, which consume all remaining keys
        for key, index, left in steps:
            below: list[Any] = []
            for value in found:
                if key == ANY:
                    below += value if isinstance(value, list) else ()
                elif isinstance(value, dict):
                    if key in value:
                        below.append(value[key])
                elif isinstance(value, list):
                    below += value[index : index + 1]
                elif isinstance(value, str) and (part := read_part(value, left)) is not None:
                    parts.append(part)
            found = below
        return found + parts or MISSING

    return find_all
