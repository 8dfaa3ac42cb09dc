"""Decodes JSON in statements about consent without losing a value of a repeated key."""

import json
from typing import Any

import orjson


def load_every_value(text: str) -> Any:
    """The value in `text`, JSON. A key that occurs twice in one object has a list of its values.

    Raises `ValueError` if `text` is not JSON or too deeply nested.
    """
    orjson.loads(text)  # because json.loads also accepts NaN and lone surrogates
    try:
        return json.loads(text, object_pairs_hook=_gathered)
    except RecursionError:
        raise ValueError("nested too deep") from None


def opened_whole(value: Any) -> Any:
    """The object or the list that the text `value` holds as JSON, as `load_every_value` reads it;
    any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return load_every_value(value)
    except ValueError:
        return value


def _gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    by_name: dict[str, list[Any]] = {}
    for name, value in pairs:
        by_name.setdefault(name, []).append(value)
    return {name: each if len(each) > 1 else each[0] for name, each in by_name.items()}
