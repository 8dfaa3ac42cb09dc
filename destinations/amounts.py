"""Amounts of money in the forms that vendors accept.

Source of the decimal places: ISO 4217 (list one).
"""

from math import isfinite
from typing import Any

from destinations.numbers import MAX_EXACT

_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

WHOLE = frozenset(code for code, decimals in _DECIMALS.items() if decimals == 0)
"""Currencies without decimal places."""


def currency_code(stated: Any) -> str:
    """`stated` as an ISO 4217 code; "" if it cannot be one."""
    code = stated.strip().upper() if isinstance(stated, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def decimals_of(currency: str) -> int:
    """How many decimal places amounts in `currency` (ISO 4217, upper case) have."""
    return _DECIMALS.get(currency, 2)


def minor_units(amount: float, currency: str) -> int | None:
    """`amount` in the smallest unit of `currency`, such as cents; None if it is too large to be
    exact."""
    units = amount * 10 ** decimals_of(currency)
    return round(units) if isfinite(units) and abs(units) <= MAX_EXACT else None


def amount_text(amount: float) -> str:
    """`amount` in decimals, at least two and at most six: ``59.90``."""
    whole, _, decimals = number_text(amount).partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def number_text(number: float) -> str:
    """`number` in as many decimals as it needs, at most six: ``59.9``."""
    return f"{number:z.6f}".rstrip("0").rstrip(".")
