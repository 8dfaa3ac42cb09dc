"""Dates of birth, from the forms in which people and shops write them.

Dates with dots or dashes are read only if they are unambiguous. Source of the order of day and
month: Unicode CLDR, where every language that puts dots between numbers writes the day or the year
first.
"""

import re
from collections.abc import Iterator
from datetime import date

_YEARS = range(1800, 2100)
"""Meta's capi-param-builder accepts none before 1800: such a date stands for an unknown one."""

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_OF = {
    name: number for number, full in enumerate(_MONTHS, 1) for name in (full, full[:3])
} | {"sept": 9}

_TIME = r"(?:[Tt ][0-9:.]{4,18}(?: ?(?:[Zz]|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?"
_compact = re.compile(rf"([0-9]{{4}})([0-9]{{2}})([0-9]{{2}}){_TIME}").fullmatch
_year_first = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}})\.?{_TIME}").fullmatch
_year_last = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}").fullmatch
_day_name = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?[ .-]{1,2}([a-z]+)[., -]{1,2}([0-9]{4})"
).fullmatch
_name_day = re.compile(r"([a-z]+)\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})").fullmatch


def read_date(text: str) -> date | None:
    """The date in `text`; None for anything else, and if day and month cannot be told apart.

    Accepted forms: ``1990-12-31``, with or without a time, ``19901231``, ``1990/12/31``,
    ``31.12.1990``, ``12/31/1990``, ``31/12/1990``, ``31-12-1990``, and English names:
    ``31 Dec 1990``, ``December 31, 1990``. With slashes the month comes first, as in Meta's
    library, unless it is over 12.
    """
    for year, month, day in _readings(text.strip()):
        try:
            return date(year, month, day) if year in _YEARS else None
        except ValueError:
            continue
    return None


def _readings(text: str) -> Iterator[tuple[int, int, int]]:
    """The readings of `text` as year, month and day, valid or not, the likeliest first."""
    if found := _compact(text):
        yield int(found[1]), int(found[2]), int(found[3])
    elif found := _year_first(text):
        yield int(found[1]), int(found[3]), int(found[4])
    elif found := _year_last(text):
        yield from _of_year_last(int(found[1]), found[2], int(found[3]), int(found[4]))
    elif found := _day_name(text.lower()):
        yield int(found[3]), _MONTH_OF.get(found[2], 0), int(found[1])
    elif found := _name_day(text.lower()):
        yield int(found[3]), _MONTH_OF.get(found[1], 0), int(found[2])


def _of_year_last(first: int, mark: str, second: int, year: int) -> Iterator[tuple[int, int, int]]:
    if mark == "-" and first <= 12 and second <= 12 and first != second:
        return  # the Netherlands and India put the day first, the USA the month
    if mark == "/":
        yield year, first, second
    yield year, second, first
    if mark == "-":
        yield year, first, second
