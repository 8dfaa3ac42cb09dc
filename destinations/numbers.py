"""Numbers that arrive as text."""

import re
from math import isfinite

MAX_EXACT = 2**53
"""JavaScript and some JSON readers cannot distinguish all greater whole numbers."""

_EXACT_DIGITS = len(str(MAX_EXACT)) - 1
_MAX_LENGTH = 64
_number = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def read_number(text: str) -> float | int | None:
    """The number that `text` states, in decimals or with an exponent; whole ones as integers.

    None for anything else, including NaN and infinity.
    """
    text = text.strip()
    if len(text) <= _EXACT_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    if len(text) > _MAX_LENGTH or not _number.fullmatch(text):
        return None
    number = float(text)
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) <= MAX_EXACT else number
