"""JSON that is almost right, so that one bad character costs one character.

Half an emoji, a NUL and bytes that are not UTF-8 become U+FFFD. Python's parser, which also takes
``NaN`` and control characters, takes ten times as long as the usual one: it only runs after that
one has failed.
"""

import json
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 1024
"""Objects and lists inside each other, as in the usual parser."""

REPLACEMENT = "\ufffd"
"""Stands in the place of a character that cannot be kept."""

_HEX = "[0-9a-fA-F]{2}"
_half = re.compile(
    rf"\\u[dD](?:[89abAB]{_HEX}(?!\\u[dD][c-fC-F]{_HEX})"
    rf"|(?<!\\u[dD][89abAB]{_HEX}\\u[dD])[c-fC-F]{_HEX})"
)
"""An escape of half a surrogate pair without its other half, where no backslash is escaped."""


def mend_text(data: bytes | bytearray) -> str:
    """`data` as text, U+FFFD in the place of NULs and of what is not UTF-8."""
    return data.decode(errors="replace").replace("\0", REPLACEMENT)


def mend_json(data: bytes) -> str:
    """As `mend_text`, and with what is escaped in JSON as half a surrogate pair or as NUL."""
    text = mend_text(data).removeprefix("\ufeff")
    # no NUL is left, so it can stand for an escaped backslash
    text = text.replace("\\\\", "\0").replace("\\u0000", REPLACEMENT)
    return _half.sub(REPLACEMENT, text).replace("\0", "\\\\")


def load_leniently(text: str, gather: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value in `text`, JSON that may have control characters, ``NaN`` and ``Infinity`` in it.

    These are floats that are not finite, as is a number that is too large. gather: makes the value
    of an object from its pairs; without it, of a key that occurs twice the last value counts.
    Raises `ValueError`, whose text repeats nothing, when it is not JSON or nested too deep.
    """
    try:
        value = json.loads(text, strict=False, object_pairs_hook=gather, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        raise ValueError("not JSON") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise ValueError("nested too deep")
    return value


def _integer(text: str) -> float:
    """As the usual parser reads it: what does not fit into 64 bits is a float."""
    if len(text) > len("-9223372036854775808"):
        return float(text)
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        level = [
            child
            for each in containers
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True
