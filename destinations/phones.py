"""Phone numbers as E.164, by libphonenumber's rules."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import phonenumbers

from destinations.remarks import remark

_is_international = re.compile(r"\+[1-9][0-9 ()./-]{3,40}").fullmatch
_MARKS = str.maketrans("", "", " ()./-")


class _Numbering(NamedTuple):
    """A country's numbers. code: how many digits its calling code has. lengths: how many a number
    has after them. home_prefix: finds what is dialled inside the country only, in front of it."""

    code: int
    lengths: frozenset[int]
    home_prefix: Callable[[str], re.Match[str] | None]


def is_region(text: str) -> bool:
    """Whether `text` is a country (ISO 3166-1 alpha-2) with phone numbers of its own."""
    return text in phonenumbers.SUPPORTED_REGIONS


def e164(text: str, region: str | None) -> str:
    """`text` as E.164 with ``+``, or "" when the country is not known.

    region: ISO 3166-1 alpha-2 of numbers without a country code. Without one, a number without
    ``+`` or ``00`` is taken only if its digits are a valid international number: a guessed country
    code would name somebody else.
    """
    text = text.strip()
    guessed = False
    if not region and not text.startswith("+"):
        guessed = not text.startswith("00")
        text = "+" + text.removeprefix("00")
    return (not guessed and _without_marks(text)) or _parsed(text, region, guessed)


def _without_marks(text: str) -> str:
    """`text` when only spaces and marks have to go, as with most numbers that people write with a
    ``+``; else "". `_parsed` finds the same at twenty times the cost."""
    if not _is_international(text):
        return ""
    digits = text.translate(_MARKS)
    numbering = _numbering(digits[1:4])
    if numbering is None:
        return ""
    national = digits[1 + numbering.code :]
    if len(national) not in numbering.lengths or numbering.home_prefix(national):
        return ""
    return digits


@cache
def _numbering(start: str) -> _Numbering | None:
    """start: the first three digits, so a thousand of these are kept at most."""
    for size in range(1, len(start) + 1):
        code = int(start[:size])
        region = phonenumbers.region_code_for_country_code(code)
        known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if known is not None and known.general_desc is not None:
            lengths = frozenset(known.general_desc.possible_length)
            home_prefix = re.compile(known.national_prefix_for_parsing or r"(?!)")
            return _Numbering(size, lengths, home_prefix.match)
    return None


def _parsed(text: str, region: str | None, guessed: bool) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    usable = phonenumbers.is_valid_number if guessed else phonenumbers.is_possible_number
    if not usable(number):
        return ""
    if region and not text.startswith(("+", "00")):
        remark(f"phone_number: interpreted as a number in {region}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
