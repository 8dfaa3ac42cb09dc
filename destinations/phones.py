"""Phone numbers as E.164, by libphonenumber's rules."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

import phonenumbers

from destinations.remarks import remark

_is_international = re.compile(r"\+[1-9][0-9 ()./-]{3,40}").fullmatch
_digits = re.compile(r"[0-9]+")
_has_no_letters = re.compile(r"[0-9+() ./-]*").fullmatch
_word_after = re.compile(r"(?<=[0-9)])[^0-9+]{0,9}?[^\W\d_]{3}").search
"""A word after a number, such as ``(home)`` or ``ext. 5``. libphonenumber reads letters as the
digits on the keys of a telephone: ``home`` as 4663."""

_SHORTEST_BEFORE_WORDS = 6
"""Digits. With fewer, the words are part of the number: ``0800 FLOWERS``."""

_is_rounded = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]{1,2}").fullmatch
"""``4.9176E+12``: a spreadsheet has rounded the number."""

_FROM_USA = "011"
"""The prefix for international calls from the USA."""

_SHORTEST_FROM_USA = 10
"""Digits after `_FROM_USA`. Below, 011 is an area code, as in Turin, Delhi and Buenos Aires."""

_SHORTEST_MADE_UP = 6
"""How many digits are compared first: almost no number is shorter."""

_INTERNATIONAL = frozenset(
    {
        phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN,
        phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD,
    }
)


class _Numbering(NamedTuple):
    """The phone numbers of a country. code: how many digits its calling code has. lengths: how many
    digits may follow it. home_prefix: matches the prefix for calls inside the country."""

    code: int
    lengths: frozenset[int]
    home_prefix: Callable[[str], re.Match[str] | None]


def is_region(text: str) -> bool:
    """Whether `text` is a country (ISO 3166-1 alpha-2) with phone numbers of its own."""
    return text in phonenumbers.SUPPORTED_REGIONS


def e164(text: str, region: str | None) -> str:
    """`text`, also a ``tel:`` address, as E.164 with ``+``, or "" when the country is not known.

    region: ISO 3166-1 alpha-2 of numbers without a country code. If there is none, or the number is
    not valid there, a number without ``+`` or ``00`` is accepted only if its digits, or those after
    the ``011`` of the USA, are a valid international number: a guessed country code would name
    somebody else. A number of a length that the region has, but not valid there, is read as an
    international number if it is valid as one. So is a number that begins with the region's own
    country code and is a mobile number after it. "" also for a number that repeats one digit, which
    people enter to withhold theirs.
    """
    text = text.strip()
    number = _e164(_without_words(text), region)
    return "" if _is_made_up(number) else number


def _without_words(text: str) -> str:
    """`text` up to the first word after its digits; "" if these are too few, or rounded."""
    if _has_no_letters(text):
        return text
    if _is_rounded(text):
        return ""
    word = None if text[:4].lower() == "tel:" else _word_after(text)
    if word is None:
        return text
    before = text[: word.start()]
    return before if len("".join(_digits.findall(before))) >= _SHORTEST_BEFORE_WORDS else ""


def _is_made_up(number: str) -> bool:
    """Whether `number`, in E.164, repeats one digit after its country code."""
    if number[-1:] * _SHORTEST_MADE_UP != number[-_SHORTEST_MADE_UP:]:
        return False
    numbering = _numbering(number[1:4])
    return numbering is not None and len({*number[1 + numbering.code :]}) == 1


def _e164(text: str, region: str | None) -> str:
    if text.endswith(".0") and text[:-2].isdecimal():  # a number exported from a table
        text = text[:-2]
    if text[:4].lower() == "tel:":
        text = _of_address(text[4:])
    if text.startswith("+"):
        return _without_marks(text) or _parsed(text, region)
    has_prefix = text.startswith("0")  # no country code begins with 0
    if region and not has_prefix and (found := _mobile_with_code(text, region)):
        return found
    if region and (found := _parsed(text, region, only_valid=not has_prefix)):
        return found
    if text.startswith("00"):
        text = "+" + text.removeprefix("00")
        return _without_marks(text) or _parsed(text, None)
    if found := _parsed("+" + (_after_011(text) or text), None, only_valid=True):
        return found
    return _parsed(text, region) if region and not has_prefix else ""


def _mobile_with_code(text: str, region: str) -> str:
    """The number in `text` if it begins with the country code of `region`, without ``+``."""
    digits = "".join(_digits.findall(text))
    code = str(phonenumbers.country_code_for_region(region))
    if code == "0" or not digits.startswith(code) or "+" in text:
        return ""
    number = _read(f"+{digits}", None)
    if number is None or phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _of_address(address: str) -> str:
    """The number in a ``tel:`` address, without its parameters and after the prefix in
    ``phone-context``; "" if that is no number. Source: RFC 3966"""
    number, *parameters = unquote(address).split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() == "phone-context":
            return value + number if value.startswith("+") else ""
    return number.strip()


def _after_011(text: str) -> str:
    digits = "".join(filter(str.isdigit, text.removeprefix(_FROM_USA)))
    return digits if text.startswith(_FROM_USA) and len(digits) >= _SHORTEST_FROM_USA else ""


def _without_marks(text: str) -> str:
    """`text` without spaces and marks, if this is all it needs, as with most numbers written with
    ``+``; else "". `_parsed` returns the same at twenty times the cost."""
    if not _is_international(text):
        return ""
    digits = "+" + "".join(_digits.findall(text))
    numbering = _numbering(digits[1:4])
    if numbering is None:
        return ""
    national = digits[1 + numbering.code :]
    if len(national) not in numbering.lengths or numbering.home_prefix(national):
        return ""
    return digits


@cache
def _numbering(start: str) -> _Numbering | None:
    """start: the first three digits, so the cache has at most a thousand entries."""
    for size in range(1, len(start) + 1):
        code = int(start[:size])
        region = phonenumbers.region_code_for_country_code(code)
        known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if known is not None and known.general_desc is not None:
            lengths = frozenset(known.general_desc.possible_length)
            home_prefix = re.compile(known.national_prefix_for_parsing or r"(?!)")
            return _Numbering(size, lengths, home_prefix.match)
    return None


def _parsed(text: str, region: str | None, only_valid: bool = False) -> str:
    number = _read(text, region)
    usable = phonenumbers.is_valid_number if only_valid else phonenumbers.is_possible_number
    if number is None or not usable(number):
        return ""
    if region and number.country_code_source not in _INTERNATIONAL:
        remark(f"phone_number: interpreted as a number in {region}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
