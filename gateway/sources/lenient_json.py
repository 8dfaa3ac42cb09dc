"""Reads JSON with small mistakes, so that one bad character does not cost the whole request.

Lone surrogates, NULs and bytes that are not UTF-8 become U+FFFD. Python's own parser also accepts
``NaN`` and control characters. It is ten times slower than the usual one, and only runs where that
one fails or loses something.
"""

import json
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 1024
"""Objects and lists inside each other, as in the usual parser."""

REPLACEMENT = "\ufffd"
"""Replaces a character that cannot be kept."""

_HEX = "[0-9a-fA-F]{2}"
_half = re.compile(
    rf"\\u[dD](?:[89abAB]{_HEX}(?!\\u[dD][c-fC-F]{_HEX})"
    rf"|(?<!\\u[dD][89abAB]{_HEX}\\u[dD])[c-fC-F]{_HEX})"
)
"""An escaped lone surrogate, in a text without escaped backslashes."""


def mend_text(data: bytes | bytearray) -> str:
    """`data` as text, with U+FFFD in the place of NULs and of bytes that are not UTF-8."""
    return data.decode(errors="replace").replace("\0", REPLACEMENT)


def mend_json(data: bytes) -> str:
    """As `mend_text`, also for lone surrogates and NULs that are escaped in JSON."""
    text = mend_text(data).removeprefix("\ufeff")
    # no NUL is left, so it can stand for an escaped backslash
    text = text.replace("\\\\", "\0").replace("\\u0000", REPLACEMENT)
    return _half.sub(REPLACEMENT, text).replace("\0", "\\\\")


def load_leniently(text: str, gather: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value in `text`, JSON that may contain control characters, ``NaN`` and ``Infinity``.

    These become floats that are not finite, as do numbers that are too large. gather: makes the
    value of an object from its pairs; without it, the last value of a repeated key counts. Raises
    `ValueError`, whose message repeats no value, if `text` is not JSON or too deeply nested.
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
    """The number as the usual parser reads it: a float if it does not fit into 64 bits."""
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
