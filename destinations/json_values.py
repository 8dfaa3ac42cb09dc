"""Values in a configuration that requests carry as they are."""

from typing import TypeVar

import orjson

T = TypeVar("T")


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
