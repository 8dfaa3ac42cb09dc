"""Unicode normal forms of texts from untrusted senders."""

from __future__ import annotations

import time
from collections.abc import Callable
from unicodedata import normalize

import pytest

from destinations.normal_form import normal_form
from destinations.normalise import trimmed_name
from destinations.places import country_code
from gateway.stages.spellings import letters_and_digits

ACCENTS = "a" + "\u0301\u0316" * 8_000
"""Accents in the wrong order: the time to sort them grows with the square of their number."""


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "José",
        normalize("NFD", "Jürgen"),
        "ﬁ" * 256,
        "é" * 9_999,
        "x" * 255 + normalize("NFD", "é") * 300,
        normalize("NFD", "ü") * 127 + "x" * 300 + "\n" + normalize("NFD", "Straße Zürich ") * 30,
    ],
)
def test_a_text_gets_its_normal_form(form: str, text: str) -> None:
    assert normal_form(form, text) == normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("read", [trimmed_name, country_code, letters_and_digits])
def test_accents_take_little_time(read: Callable[[str], str]) -> None:
    began = time.process_time()
    read(ACCENTS)
    assert time.process_time() - began < 0.1
