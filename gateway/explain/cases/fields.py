"""Compares what was found at a path with what a case wants there, as `when` compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.event import Event
from gateway.event.paths import ANY, MISSING, finder, getter
from gateway.explain.cases.model import ABSENT
from gateway.explain.explain import short_json
from gateway.stages.conditions import (
    Condition,
    Operators,
    Wanted,
    compile_condition,
    describe_field,
)


class Mismatch(NamedTuple):
    """path: of the field. expected, found: in words."""

    path: str
    expected: str
    found: str


def event_mismatches(event: Event, fields: Mapping[str, Wanted]) -> Iterator[Mismatch]:
    """Each of `fields` that is not as wanted in `event`."""
    for path, wanted in fields.items():
        find = finder(path)
        found = (find or getter(path))(event)
        if not is_wanted(found, wanted, several=find is not None):
            is_one = find is not None and found is not MISSING and ANY not in path.split(".")
            shown = found[0] if is_one and len(found) == 1 else found
            yield Mismatch(path, expected_in_words(wanted), found_in_words(shown))


def mismatches(value: Any, fields: Mapping[str, Wanted]) -> Iterator[Mismatch]:
    """Each of `fields` that is not as wanted in the JSON `value`."""
    for path, wanted in fields.items():
        found = getter(f"value.{path}")({"value": value})
        if not is_wanted(found, wanted, several=ANY in path.split(".")):
            yield Mismatch(path, expected_in_words(wanted), found_in_words(found))


def is_wanted(found: Any, wanted: Wanted, several: bool = False) -> bool:
    """several: `found` is a list of values, of which one must be as wanted."""
    if wanted == ABSENT:
        return found is MISSING
    condition = Condition.model_validate({f"found.{ANY}" if several else "found": wanted})
    return compile_condition(condition)({} if found is MISSING else {"found": found}) is None


def expected_in_words(wanted: Wanted) -> str:
    if wanted == ABSENT:
        return "nothing"
    if isinstance(wanted, list):
        return f"one of {short_json(wanted)}"
    if not isinstance(wanted, Operators):
        return short_json(wanted)
    return f"that {describe_field('it', wanted)}"


def found_in_words(found: Any) -> str:
    return "nothing" if found is MISSING else short_json(found)
