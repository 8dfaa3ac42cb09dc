"""Numbers that arrive as text."""

from math import isfinite

_EXACT = 2**53


def read_number(text: str) -> float | int | None:
    """The number in `text`, whole ones as integers; None for anything else, NaN and infinity."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number
