"""Numbers and amounts of money as shops write them for people: ``1.234,50 €``.

An ambiguous amount is not read: a comma before three digits separates thousands in one country and
decimals in another, unless the currency has no decimals. So does a dot, unless it has none or
three.
"""

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from destinations.numbers import read_number
from destinations.trimming import INVISIBLE
from gateway.event.currencies import (
    WITH_THREE_DECIMALS,
    WITHOUT_DECIMALS,
    currencies_of,
    in_common,
)

_MAX_LENGTH = 64

_FORMS = str.maketrans(
    {"\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-"}
    | dict.fromkeys(INVISIBLE)
)
"""Replaces special spaces and the typographic apostrophe and minus with the usual characters, and
removes invisible characters."""

_UNIT = r"[^0-9+', .-][^0-9+',-]{0,3}?"
_amount = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<before>{_UNIT})?(?: ?(?P<inner>[+-]))? ?"
    rf"(?P<digits>(?:(?<![^\W\d_]|/)[.,])?[0-9](?:[0-9.,' ]*[0-9])?) ?(?P<after>{_UNIT})?"
)
"""A dot after a letter belongs to the unit: ``kr.50`` is fifty kroner."""

_by_threes = {
    mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+").fullmatch
    for mark in ".,' "
}
_by_lakhs = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}").fullmatch
"""``1,00,000``, as in India."""


class Amount(NamedTuple):
    """currencies: those that the code or sign next to the number can mean, perhaps none."""

    number: float | int
    currencies: tuple[str, ...] = ()


class Unreadable(ValueError):
    """A text that is not a number, or an ambiguous one. The message never repeats the text."""


def read_amount(text: str, currency: str = "") -> Amount:
    """The number in `text`, and the currencies that a code or sign before or after it can mean:
    ``$5 USD``. currency: of the event, if it is known.

    The text may contain HTML's character references. If it has both a comma and a dot, the last of
    them is the decimal separator. A mark that occurs several times, blanks and apostrophes separate
    thousands. Raises `Unreadable`.
    """
    written = unescape(text).translate(_FORMS).strip() if len(text) <= _MAX_LENGTH else ""
    match = _amount.fullmatch(written)
    if match is None or (match["sign"] and match["inner"]):
        raise Unreadable("not a number")
    units = [unit for unit in (match["before"], match["after"]) if unit]
    currencies = in_common([currencies_of(unit) for unit in units])
    meant = (currency,) if currency else currencies
    plain = _plain(match["digits"], meant)
    number = read_number(f"{match['sign']}{match['inner'] or ''}{plain}")
    if number is None or (units and not currencies) or len(units) > len({*units}):
        raise Unreadable("not a number")
    return Amount(number, currencies)


def is_whole(currencies: Sequence[str]) -> bool:
    """Whether an amount in one of `currencies` has no decimals, so that a mark before three digits
    separates thousands."""
    return bool(currencies) and WITHOUT_DECIMALS.issuperset(currencies)


def _plain(digits: str, currencies: Sequence[str]) -> str:
    """`digits` without thousands separators, and with a dot before the decimals. currencies: those
    that the amount can be in."""
    if is_whole(currencies) and any(_by_threes[mark](digits) for mark in ".,"):
        return digits.replace(".", "").replace(",", "")
    in_thousandths = bool(currencies) and WITH_THREE_DECIMALS.issuperset(currencies)
    decimal = _decimal_mark(digits, in_thousandths)
    whole, _, fraction = digits.rpartition(decimal) if decimal else (digits, "", "")
    groups = {mark for mark in whole if not mark.isdigit()}
    if decimal in groups or len(groups) > 1 or not (fraction.isdigit() or not decimal):
        raise Unreadable("not a number")
    for mark in groups:
        if not (_by_threes[mark](whole) or (mark == "," and _by_lakhs(whole))):
            raise Unreadable("not a number")
        whole = whole.replace(mark, "")
    return f"{whole}.{fraction}" if decimal else whole


def _decimal_mark(digits: str, in_thousandths: bool) -> str:
    """The mark before the decimals of `digits`; "" when there are none. in_thousandths: amounts
    have three decimals, so a single dot is before them."""
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return max(".,", key=digits.rfind)
    if dots + commas != 1:
        return ""
    mark = "." if dots else ","
    whole, _, fraction = digits.partition(mark)
    if in_thousandths and mark == ".":
        return mark
    if len(fraction) == 3 and (not whole or whole.isdigit()):
        raise Unreadable("ambiguous: thousands or decimals")
    return mark
