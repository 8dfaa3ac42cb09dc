"""Numbers in texts, as browsers and people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("12.5", 12.5),
        ("-0.5", -0.5),
        (" 12.50 ", 12.5),
        (".5", 0.5),
        ("007", 7),
        ("1e3", 1000),
        ("1e300", 1e300),
        ("9007199254740992", 2**53),
        ("9007199254740994", float(2**53 + 2)),
        ("", None),
        ("x", None),
        (".", None),
        ("12,5", None),
        ("1_000", None),
        ("\u0661", None),
        ("NaN", None),
        ("-Infinity", None),
        ("1e400", None),
        ("1" * 65, None),
    ],
)
def test_a_number_is_read_and_nothing_else(text: str, number: float | None) -> None:
    assert read_number(text) == number
    assert type(read_number(text)) is type(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_itself(number: float) -> None:
    assert read_number(repr(number)) == number


@given(st.text("+-.eE0123456789_ xnaif"))
def test_any_text_has_an_answer(text: str) -> None:
    number = read_number(text)
    assert number is None or number == float(text)
