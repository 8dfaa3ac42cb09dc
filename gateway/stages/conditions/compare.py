"""Compiles operators to tests of a single value."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import re2

from gateway.stages.conditions.model import Operators, Scalar, re2_options

Test = Callable[[Any], bool]

_NUMBERS = (int, float)
"""A tuple, since writing ``int | float`` makes a new object each time it is evaluated."""


def tests_of(operators: Operators) -> list[Test]:
    """A test for each of `operators` but `exists`."""
    tests: list[Test] = []
    if operators.equals is not None:
        tests.append(_one_of([operators.equals]))
    if operators.in_ is not None:
        tests.append(_one_of(operators.in_))
    if operators.contains is not None:
        tests.append(_contains(_tuple(operators.contains)))
    if operators.starts_with is not None:
        prefixes = _tuple(operators.starts_with)
        tests.append(lambda value: isinstance(value, str) and value.startswith(prefixes))
    if operators.ends_with is not None:
        suffixes = _tuple(operators.ends_with)
        tests.append(lambda value: isinstance(value, str) and value.endswith(suffixes))
    if operators.matches is not None:
        tests.append(_matches(operators.matches))
    return tests + _comparisons(operators)


def _comparisons(operators: Operators) -> list[Test]:
    tests: list[Test] = []
    if (above := operators.gt) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value > above)
    if (least := operators.gte) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value >= least)
    if (below := operators.lt) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value < below)
    if (most := operators.lte) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value <= most)
    return tests


def _one_of(wanted: list[Scalar]) -> Test:
    """Equality as a person means it: 12 or 12.0 and the text "12" are equal, and true is not 1."""
    flags = {value for value in wanted if isinstance(value, bool)}
    plain = {value for value in wanted if not isinstance(value, bool)}
    plain |= {other_form(value) for value in plain}
    plain |= {str(int(value)) for value in plain if isinstance(value, float) and value.is_integer()}

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in plain
        if value is True or value is False:
            return value in flags
        return type(value) in _NUMBERS and value in plain

    return test


def other_form(value: float | str) -> float | str:
    """The text of a number, or the number that a text spells; any other text is returned as is."""
    if not isinstance(value, str):
        return str(value)
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if str(number := kind(value)) == value:
                return number
    return value


def _matches(pattern: str) -> Test:
    search = re2.compile(pattern, re2_options()).search

    def test(value: Any) -> bool:
        try:
            # as bytes, so that the library need not count characters
            return isinstance(value, str) and search(value.encode()) is not None
        except UnicodeEncodeError:  # a lone surrogate cannot be encoded
            return False

    return test


def _contains(texts: tuple[str, ...]) -> Test:
    is_one = _one_of([*texts])

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(map(is_one, value))
        return isinstance(value, str) and any(text in value for text in texts)

    return test


def _tuple(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
