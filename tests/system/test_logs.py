"""Logs: one line for each record, whatever it contains."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.system.logs import OneLine


def formatted(message: str, *values: object, exc_info: object = None) -> str:
    record = logging.LogRecord("gateway", logging.INFO, "", 0, message, values, exc_info)  # type: ignore[arg-type]
    return OneLine("%(levelname)s %(name)s: %(message)s").format(record)


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("plain", "plain"),
        ("Größe 5 € 日本 🙂", "Größe 5 € 日本 🙂"),
        ("a\nINFO gateway: forged", r"a\nINFO gateway: forged"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[2J\x07\x00", r"\x1b[2J\x07\x00"),
        ("\x85\u2028\u2029\x9b", r"\x85\u2028\u2029\x9b"),  # other line ends, and C1
        ("\u202egpj.exe", r"\u202egpj.exe"),  # reverses the direction of writing
        ("\ud800", r"\ud800"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_control_characters_are_escaped(said: str, logged: str) -> None:
    assert formatted("it said %s.", said) == f"INFO gateway: it said {logged}."


def test_a_traceback_is_one_line_too() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        text = formatted("failed", exc_info=(ValueError, error, error.__traceback__))
    assert text.splitlines() == [text]
    assert text.startswith(r"INFO gateway: failed\nTraceback (most recent call last):\n")
    assert text.endswith(r"ValueError: first\nsecond")


@given(said=st.text(st.characters(exclude_categories=()), max_size=30))
def test_whatever_is_said_is_one_printable_line(said: str) -> None:
    text = formatted("%s", said)
    assert text.isprintable()
    assert text.encode()
