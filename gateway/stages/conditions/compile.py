"""Compiles conditions to plain functions of an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.event import Event
from gateway.event.paths import MISSING, finder, getter
from gateway.stages.conditions.compare import Test, other_form, tests_of
from gateway.stages.conditions.describe import (
    UNSEEN,
    Unmet,
    describe_any,
    describe_field,
    describe_not,
)
from gateway.stages.conditions.model import Condition, Operators, fields_of

Check = Callable[[Event], str | None]
"""Returns None if an event meets a condition, else the words for the first part that it fails.

The words are composed at start. They say what the condition needs, never the event's own value.
"""

Probe = Callable[[Event], Unmet | None]
"""A `Check` that also returns the value it found."""

_PERSONAL = ("user_data", "user_id", "ip_override")


def compile_condition(condition: Condition) -> Check:
    """The function that checks events against `condition`."""
    probe = compile_probe(condition)

    def check(event: Event) -> str | None:
        unmet = probe(event)
        return None if unmet is None else unmet[0]

    return check


def compile_probe(condition: Condition) -> Probe:
    """The function that checks events against `condition` and returns what it found."""
    parts = _parts(condition)
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda event: first(event) or second(event)

    def probe_all(event: Event) -> Unmet | None:
        for part in parts:
            unmet = part(event)
            if unmet is not None:
                return unmet
        return None

    return probe_all


def _parts(condition: Condition) -> list[Probe]:
    parts = [_probe_field(path, operators) for path, operators in fields_of(condition)]
    parts += [compile_probe(block) for block in condition.all_ or []]
    if condition.any_ is not None:
        parts.append(_probe_any(condition.any_))
    if condition.not_ is not None:
        parts.append(_probe_not(condition.not_))
    return parts


def _probe_any(blocks: list[Condition]) -> Probe:
    probes = [compile_probe(block) for block in blocks]
    unmet = (describe_any(blocks), UNSEEN)

    def probe(event: Event) -> Unmet | None:
        for alternative in probes:
            if alternative(event) is None:
                return None
        return unmet

    return probe


def _probe_not(block: Condition) -> Probe:
    probe = compile_probe(block)
    unmet = (describe_not(block), UNSEEN)
    return lambda event: None if probe(event) is not None else unmet


def _probe_field(path: str, operators: Operators) -> Probe:
    words = describe_field(path, operators)
    texts, tests = _only_texts(operators), tests_of(operators)
    if finder(path) is not None or operators.exists is not None or len(tests) != 1:
        probe = _probe_values(path, operators, words)
    elif texts is not None:
        probe = _probe_texts(path, texts, words)
    else:
        probe = _probe_value(path, tests[0], words)
    return _hiding(probe) if path.split(".")[0] in _PERSONAL else probe


def _hiding(probe: Probe) -> Probe:
    """`probe`, for a field whose value must not be shown."""

    def hiding(event: Event) -> Unmet | None:
        unmet = probe(event)
        if unmet is None or unmet[1] is MISSING:
            return unmet
        return unmet[0], UNSEEN

    return hiding


def _probe_texts(path: str, texts: frozenset[str], words: str) -> Probe:
    """The most common condition, in one call: a field equals one of some texts."""
    get = getter(path)

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        try:
            return None if value in texts else (words, value)
        except TypeError:  # an object or list
            return words, value

    def probe_outermost(event: Event) -> Unmet | None:
        value = event.get(path, MISSING)
        try:
            return None if value in texts else (words, value)
        except TypeError:
            return words, value

    return probe if "." in path else probe_outermost


def _probe_value(path: str, test: Test, words: str) -> Probe:
    """Applies `test` to the value at `path`; MISSING never passes."""
    get = getter(path)

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        return None if test(value) else (words, value)

    def probe_outermost(event: Event) -> Unmet | None:
        value = event.get(path, MISSING)
        return None if test(value) else (words, value)

    return probe if "." in path else probe_outermost


def _only_texts(operators: Operators) -> frozenset[str] | None:
    """The texts that a value must be one of; None if anything else is required or may match."""
    wanted = [operators.equals] if operators.in_ is None else operators.in_
    if operators.model_dump(exclude_none=True).keys() not in ({"equals"}, {"in_"}):
        return None
    texts = frozenset(value for value in wanted if isinstance(value, str))
    numbers = any(not isinstance(other_form(text), str) for text in texts)
    return None if numbers or len(texts) < len(set(wanted)) else texts


def _probe_values(path: str, operators: Operators, words: str) -> Probe:
    find, tests, exists = finder(path), tests_of(operators), operators.exists
    several = find is not None
    get = find or getter(path)

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        if value is MISSING:
            return None if exists is False else (words, value)
        if exists is False:
            return words, value
        candidates = value if several else (value,)
        return None if _one_meets(candidates, tests) else (words, value)

    return probe


def _one_meets(candidates: Sequence[Any], tests: list[Test]) -> bool:
    for candidate in candidates:
        for test in tests:
            if not test(candidate):
                break
        else:
            return True
    return False
