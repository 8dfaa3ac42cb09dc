"""Text from vendors and visitors can neither control a terminal nor break JSON."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.terminal import duration
from gateway.event.text import json_text, masked, printable, utc

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, käse ☃ 漢字", "plain, käse ☃ 漢字"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("\x9b31m", "\\u009b31m"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\x7f", "\\u007f"),
        ("\U000e0001", "\\udb40\\udc01"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(TEXT)
def test_whatever_it_is_can_be_printed(text: str) -> None:
    assert printable(text).isprintable()


@given(VALUES)
def test_json_means_the_same_to_programs_and_is_safe_to_look_at(value: object) -> None:
    shown = json_text(value)
    assert json.loads(shown) == orjson.loads(orjson.dumps(value))
    assert shown.replace("\n", "").isprintable()


def test_secrets_are_hidden_wherever_they_stand() -> None:
    value = {"a": ["my-secret", 1, None], "my-secret": {"b": "x my-secret y"}}
    assert masked(value, lambda text: text.replace("my-secret", "***")) == {
        "a": ["***", 1, None],
        "***": {"b": "x *** y"},
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_durations_have_one_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_times_are_in_utc() -> None:
    assert utc(1_795_219_200.9) == "2026-11-21 00:00:00Z"
