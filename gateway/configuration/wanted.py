"""Says in words what kind of value a setting needs, when its value is of another kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_MAPPING = "keys and values"
_UNIT = re.compile(r"\b(seconds|days|bytes)\b", re.IGNORECASE)
_WANTED = {
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"
    ),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    "path_type": "the path of a file",
    "string_type": "a text",
    "list_type": "a list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _MAPPING),
}


def wanted(error_type: str) -> str | None:
    """The kind of value that was wanted where pydantic reports `error_type`; None when the value
    was of the right kind."""
    return _WANTED.get(error_type)


def unit_of(key: str, description: str) -> str:
    """The unit of a number, by the name of its setting or else its description; "" if neither
    tells."""
    found = _UNIT.search(key.replace("_", " ")) or _UNIT.search(description)
    return found[0].lower() if found else ""


def wrong_kind(kinds: Iterable[str], given: Any, unit: str = "") -> str:
    """What to say about a value that is of none of `kinds`, as `wanted` names them. unit: of
    numbers; it is named if the value may contain one, as in ``10m``."""
    names = list(dict.fromkeys(kinds))
    if "a number" in names and "a whole number" in names:
        names.remove("a whole number")
    if unit and isinstance(given, str) and given[:1].isdigit():
        names = [f"{name} of {unit}" if name.endswith("number") else name for name in names]
    values = [name for name in names if name != _MAPPING]
    wishes = [f"be {_or(values)}"] if values else []
    wishes += ["have keys and values"] if _MAPPING in names else []
    return f"should {' or '.join(wishes)}{_advice(names, given)}"


def _advice(names: list[str], given: Any) -> str:
    if names == ["a list"] and not isinstance(given, dict | None):
        return ": write it in [ ]"
    if names == ["a text"] and isinstance(given, bool | int | float):
        return ": write it in quotes"
    return ""


def _or(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
