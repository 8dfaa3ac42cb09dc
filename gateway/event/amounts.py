"""Numbers and amounts of money as shops write them for people: ``1.234,50 €``.

What can be read in two ways is not read: a comma before three digits separates thousands in one
country and decimals in another.
"""

import re
from html import unescape
from typing import NamedTuple

from destinations.numbers import read_number
from gateway.event.currencies import currencies_of

_MAX_LENGTH = 64

_FORMS = str.maketrans(
    {"\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-"}
    | dict.fromkeys("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff")
)
"""Spaces that do not break, the typographic apostrophe and minus, as the usual characters; without
those that have no width, such as marks of the direction of writing."""

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
    """currencies: those that the text can mean by what stands next to the number, perhaps none."""

    number: float | int
    currencies: tuple[str, ...] = ()


class Unreadable(ValueError):
    """A text that is no number, or may be one of two. Says which, and never repeats the text."""


def read_amount(text: str) -> Amount:
    """The number in `text`, with the currency that may stand before and after it: ``$5 USD``.

    The text may have HTML's references of characters. With a comma and a dot, the last of them is
    the decimal one. A mark that occurs several times, blanks and apostrophes separate thousands.
    Raises `Unreadable`.
    """
    written = unescape(text).translate(_FORMS).strip() if len(text) <= _MAX_LENGTH else ""
    match = _amount.fullmatch(written)
    if match is None or (match["sign"] and match["inner"]):
        raise Unreadable("not a number")
    number = read_number(f"{match['sign']}{match['inner'] or ''}{_plain(match['digits'])}")
    units = [unit for unit in (match["before"], match["after"]) if unit]
    currencies = _in_common([currencies_of(unit) for unit in units])
    if number is None or (units and not currencies) or len(units) > len({*units}):
        raise Unreadable("not a number")
    return Amount(number, currencies)


def _in_common(all_meanings: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What each of `all_meanings` has, none for none of them."""
    first, *others = all_meanings or [()]
    return tuple(each for each in first if all(each in meanings for meanings in others))


def _plain(digits: str) -> str:
    """`digits` without separators of thousands, and with a dot before decimals."""
    decimal = _decimal_mark(digits)
    whole, _, fraction = digits.rpartition(decimal) if decimal else (digits, "", "")
    groups = {mark for mark in whole if not mark.isdigit()}
    if decimal in groups or len(groups) > 1 or not (fraction.isdigit() or not decimal):
        raise Unreadable("not a number")
    for mark in groups:
        if not (_by_threes[mark](whole) or (mark == "," and _by_lakhs(whole))):
            raise Unreadable("not a number")
        whole = whole.replace(mark, "")
    return f"{whole}.{fraction}" if decimal else whole


def _decimal_mark(digits: str) -> str:
    """The mark before the decimals of `digits`; "" when there are none."""
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return max(".,", key=digits.rfind)
    if dots + commas != 1:
        return ""
    mark = "." if dots else ","
    whole, _, fraction = digits.partition(mark)
    if len(fraction) == 3 and (not whole or whole.isdigit()):
        raise Unreadable("ambiguous: thousands or decimals")
    return mark
