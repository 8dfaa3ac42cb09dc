"""Dates are read in the forms that people write, unless day and month are ambiguous."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.dates import read_date
from destinations.normalise import birth_date

dates = st.dates(date(1800, 1, 1), date(2099, 12, 31))
times = st.sampled_from(
    ["", "T00:00:00Z", "T00:00:00.000Z", " 00:00:00", "T23:59:59+02:00", " 00:00:00 UTC"]
)


@given(born=dates, time=times)
def test_every_date_in_a_form_with_one_reading(born: date, time: str) -> None:
    day, month, year = born.day, born.month, born.year
    forms = [
        f"{born.isoformat()}{time}",
        f"{year:04}{month:02}{day:02}",
        f"{year}/{month}/{day}",
        f"{year}.{month:02}.{day:02}.",
        f"{day}.{month}.{year}",
        f"{day:02}.{month:02}.{year}",
        f"{month}/{day}/{year}",
        f"{born:%d %B %Y}",
        f"{born:%d-%b-%Y}",
        f"{born:%B %d, %Y}",
        f"{born:%b %d %Y}",
    ]
    assert {form: read_date(form) for form in forms} == dict.fromkeys(forms, born)


@given(born=dates)
def test_with_dashes_or_the_day_first_only_a_day_over_12_tells(born: date) -> None:
    day_first = read_date(f"{born:%d-%m-%Y}")
    month_first = read_date(f"{born:%m-%d-%Y}")
    certain = born.day > 12 or born.day == born.month
    assert day_first == month_first == (born if certain else None)
    if born.day > 12:
        assert read_date(f"{born:%d/%m/%Y}") == born


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31.12.99",
        "12/31/99",
        "13/31/1999",
        "1999-02-29",
        "1999-13-01",
        "0001-01-01T00:00:00",
        "9999-12-31",
        "1999-12/31",
        "1999-W01-1",
        "1999",
        "915148800",
        "19991231235959",
        "31 Décembre 1999",
        "Foo 12, 1999",
        "٣١.١٢.١٩٩٩",
        "born 1999-12-31",
    ],
)
def test_what_is_no_date_or_has_more_than_one_reading(text: str) -> None:
    assert read_date(text) is None
    assert birth_date(text) == ""


@given(text=st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    read_date(text)


def test_meta_gets_eight_digits() -> None:
    assert birth_date(" 2 January 1990 ") == "19900102"
