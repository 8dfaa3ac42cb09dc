"""Phone numbers read without libphonenumber's parser have the same result as with it."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.phones import e164

CODES = [*phonenumbers.COUNTRY_CODE_TO_REGION_CODE, 0, 21, 999]
EXAMPLES = sorted(
    phonenumbers.format_number(example, form)
    for region in phonenumbers.SUPPORTED_REGIONS
    if (example := phonenumbers.example_number(region))
    for form in (
        phonenumbers.PhoneNumberFormat.E164,
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    )
)

separators = st.sampled_from(["", "", "", "", " ", "-", ".", "/", " (", ") ", "(0)"])
regions = st.sampled_from([None, "DE", "US", "IT", "AR", "MX", "BR", "CA"])


@st.composite
def international(draw: st.DrawFn) -> str:
    """A calling code, real or not, and up to 17 digits, with separators that people use."""
    digits = str(draw(st.sampled_from(CODES))) + draw(st.text("0123456789", max_size=17))
    written = "".join(digit + draw(separators) for digit in digits)
    return draw(st.sampled_from(["+", "+", "00", " +", "++"])) + written


def parsed(text: str, region: str | None) -> str:
    """`text`, which has a country code, as read by libphonenumber alone; "" if it is no number."""
    text = text.strip()
    if not region and not text.startswith("+"):
        text = "+" + text.removeprefix("00")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number) or has_one_digit(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def has_one_digit(number: phonenumbers.PhoneNumber) -> bool:
    national = phonenumbers.national_significant_number(number)
    return len({*national}) == 1 and len(national) > 5


@given(text=international(), region=regions)
def test_any_digits_with_a_country_code(text: str, region: str | None) -> None:
    assert e164(text, region) == parsed(text, region)


@given(
    text=st.sampled_from(EXAMPLES), cut=st.integers(0, 3), more=st.text("0123456789", max_size=2)
)
def test_numbers_of_every_country_and_lengths_near_theirs(text: str, cut: int, more: str) -> None:
    written = text[: len(text) - cut] + more
    assert e164(written, None) == parsed(written, None)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_every_country(text: str) -> None:
    assert e164(text, None) == parsed(text, None) != ""


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0000000000", "DE"),
        ("00000000000", None),
        ("1111111111", "US"),
        ("(999) 999-9999", "US"),
        ("+10000000000", None),
        ("+49 11111111", "DE"),
    ],
)
def test_one_digit_again_and_again_is_no_number(text: str, region: str | None) -> None:
    assert e164(text, region) == ""


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("49 151 23456789", "DE", "+4915123456789"),
        ("4917612345678", "DE", "+4917612345678"),
        ("491701234567", "DE", "+491701234567"),
        ("4915123456789.0", "DE", "+4915123456789"),
        ("15123456789", "DE", "+4915123456789"),
        ("393331234567", "IT", "+393331234567"),
        ("030 1234567", "DE", "+49301234567"),
        ("7911 123456", "GB", "+447911123456"),
        ("447911123456", "GB", "+447911123456"),
    ],
)
def test_a_mobile_number_may_have_its_country_code_without_a_plus(
    text: str, region: str, number: str
) -> None:
    assert e164(text, region) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("030 901820 (home)", "+4930901820"),
        ("0171 1234567 mobil", "+491711234567"),
        ("Tel. 030 901820, privat 030 901821", "+4930901820"),
        ("+49 30 901820 ext. 5", "+4930901820"),
        ("+49 30 901820 extension 512", "+4930901820"),
        ("+49 30 901820x5", "+4930901820"),
        ("p:+4930901820", "+4930901820"),
        ("0800 FLOWERS", ""),
        ("4.9176123456e13", ""),
        ("4,9176E+12", ""),
        ("030 abc", ""),
        ("home", ""),
    ],
)
def test_words_after_a_number_are_no_digits(text: str, number: str) -> None:
    assert e164(text, "DE") == number
