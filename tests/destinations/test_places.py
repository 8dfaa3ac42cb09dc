"""Country and subdivision codes are those of ISO's tables in pycountry."""

from __future__ import annotations

import pycountry
import pytest

from destinations.places import COUNTRY_CODES, country_code, subdivision


def test_every_country_is_known_by_both_codes() -> None:
    assert {each.alpha_2 for each in pycountry.countries} == COUNTRY_CODES
    for each in pycountry.countries:
        assert country_code(each.alpha_2) == country_code(each.alpha_3.lower()) == each.alpha_2


def test_the_part_after_the_country_of_every_subdivision() -> None:
    for each in pycountry.subdivisions:
        assert subdivision(each.code) == each.code.partition("-")[2]


@pytest.mark.parametrize("text", ["Baden-Baden", "ZZ-1", "US-", "DE-BYERN", "CA", "", "-CA"])
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert subdivision(text) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United Kingdom (UK)", "GB"),
        ("United States (US)", "US"),
        ("Deutschland (DE)", "DE"),
        ("Atlantis (XX)", ""),
        ("(DE)", "DE"),
    ],
)
def test_a_shop_may_print_a_country_with_its_code(text: str, code: str) -> None:
    assert country_code(text) == code
