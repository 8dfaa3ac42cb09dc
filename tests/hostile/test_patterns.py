"""None of our regular expressions takes exponential time for any text."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import destinations
import gateway
from tests.support.pumped_texts import pumped_texts

CPU_SECONDS = 0.5
"""For a text of 400 characters: far more than a quadratic search takes."""


def patterns() -> dict[str, re.Pattern[Any]]:
    """The patterns of all modules, by module and name."""
    found: dict[str, re.Pattern[Any]] = {}
    for package in (destinations, gateway):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                pattern = value if isinstance(value, re.Pattern) else getattr(value, "__self__", 0)
                if isinstance(pattern, re.Pattern):
                    found.setdefault(f"{module.name}.{name}", pattern)
    return found


PATTERNS = patterns()


class TooLong(Exception):
    pass


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def slow_text(pattern: re.Pattern[Any]) -> Any:
    """A text for which `pattern` takes too long; None if none is known."""
    for text in pumped_texts(pattern):
        try:
            with cpu_limit(CPU_SECONDS):
                pattern.fullmatch(text), pattern.search(text)
        except TooLong:
            return text
    return None


def test_those_of_all_rooms_are_found() -> None:
    assert len(PATTERNS) > 150


@pytest.mark.parametrize("name", PATTERNS)
def test_none_takes_exponential_time(name: str) -> None:
    assert slow_text(PATTERNS[name]) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a|a)*b",
        r"(?:'?[\w.-]+'?:'?\w*'?,)+",
        rb"(?:x+x+)+y",
    ],
)
def test_one_that_does_would_be_found(pattern: str | bytes) -> None:
    assert slow_text(re.compile(pattern)) is not None
