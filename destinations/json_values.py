"""JSON in requests: events, and values of a configuration."""

from typing import Any, TypeVar

import orjson

T = TypeVar("T")

NOT_JSON = "the event cannot be represented in JSON"
"""The reason for an unsendable event for which `to_json` returns None."""


def to_json(value: Any) -> bytes | None:
    """`value` as JSON, datetimes as ISO 8601.

    None if it cannot be represented, such as half of a surrogate pair.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        return None


def representable(value: T) -> T:
    """Returns `value` if JSON can represent it.

    Raises `ValueError` for infinite numbers, integers of more than 64 bits, and half of a surrogate
    pair.
    """
    try:
        read = orjson.loads(orjson.dumps(value))
    except TypeError:
        read = None
    if read != value:  # orjson writes an infinite number as null
        raise ValueError("value cannot be represented in JSON")
    return value
