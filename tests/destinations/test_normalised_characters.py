"""Which characters of a name or a place remain in the form that is hashed."""

from __future__ import annotations

import sys
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations import normalise
from destinations.normalise import Normaliser


@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        (normalise.city, "LM"),
        (normalise.words_of_letters, "LMZ"),
        (normalise.bare_name, "LMN"),
        (normalise.street, "LMNZ"),
    ],
)
@given(text=st.text())
def test_only_the_kinds_of_characters_that_count_are_left(
    form: Normaliser, kinds: str, text: str
) -> None:
    lower = normalise.trimmed_name(text)
    assert form(text) == "".join(c for c in lower if category(c)[0] in kinds).strip()


def test_what_python_calls_letters_and_numbers_are_such() -> None:
    """So a text of nothing else stays unchanged."""
    for text in map(chr, range(sys.maxunicode + 1)):
        if text.isalnum():
            assert category(text)[0] in ("L" if text.isalpha() else "LN")
