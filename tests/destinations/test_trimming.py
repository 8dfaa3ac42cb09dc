import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.trimming import INVISIBLE, trimmed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (" 5 ", "5"),
        ("\u202d+49 170\u202c", "+49 170"),
        ("\ufeff\u200b ada \u200b", "ada"),
        (" \u200b \u200b a", "a"),
        ("\u200b \u200b", ""),
        ("a\u200b b", "a\u200b b"),
    ],
    ids=ascii,
)
def test_what_nobody_sees_around_a_text_goes(text: str, left: str) -> None:
    assert trimmed(text) == left


@given(st.text(st.sampled_from(INVISIBLE + " \xa0ä"), max_size=6))
def test_only_the_middle_of_a_text_may_have_it(text: str) -> None:
    left = trimmed(text)
    assert left.strip() == left.strip(INVISIBLE) == left


def test_every_white_space_counts() -> None:
    spaces = "".join(filter(str.isspace, map(chr, range(sys.maxunicode))))
    assert trimmed(f"{spaces}ä{spaces}") == "ä"
