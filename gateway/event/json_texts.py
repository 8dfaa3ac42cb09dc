"""Decodes JSON in texts: forms, queries and tag managers send lists and objects in this way."""

from typing import Any

import orjson

_OPENS = ("{", "[")
_NUL = "\\u0000"
"""A character that events must not contain. A text with it is not decoded."""


def opened(value: Any) -> Any:
    """The object or the list that the text `value` holds as JSON; any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(_OPENS) or _NUL in value:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
