"""What requests carry as JSON: events, and values of a configuration."""

from typing import Any, TypeVar

import orjson

T = TypeVar("T")

NOT_JSON = "the event cannot be represented in JSON"
"""Why an event is unsendable that `to_json` gives nothing for."""


def to_json(value: Any) -> bytes | None:
    """`value` as JSON, datetimes as ISO 8601.

    None when it cannot be written, as half of a surrogate pair cannot.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        return None


def representable(value: T) -> T:
    """`value`, if JSON can hold it. Otherwise raises `ValueError`: for infinite numbers, integers
    of more than 64 bits, and half of a character."""
    try:
        read = orjson.loads(orjson.dumps(value))
    except TypeError:
        read = None
    if read != value:  # of an infinite number it is null
        raise ValueError("value cannot be represented in JSON")
    return value
