"""Validates plain data and finds every mistake, even those that one validation would not reach.

A wrong setting hides other mistakes: whether parts fit together is only checked when each of them
is right. So wrong settings are taken out, and the rest is validated again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from gateway.configuration.mistakes import places_of, problems_of
from gateway.configuration.schema_walk import SchemaOf
from gateway.configuration.settings import Settings, read_settings
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile

_MAX_LOOKS = 6
_KEY = re.compile(r"[a-z_]+(?:\.[a-z_]+)+|(?<=`)[a-z_]+(?=`)")
_WITH_TYPES = ("sources", "destinations", "credentials")


def validated(file: YamlFile, schema: SchemaOf) -> tuple[Settings | None, list[Problem]]:
    """The settings in `file`, and its mistakes, without the problems that it had already.

    If there are mistakes, the settings lack the wrong parts and only serve to find more mistakes;
    None if too little is left. schema: returns the schema of the settings, which is slow to make.
    """
    data, known = file.data, list(file.problems)
    problems: list[Problem] = []
    for look in range(_MAX_LOOKS):
        try:
            return read_settings(data), problems
        except ValidationError as error:
            found = problems_of(error, replace(file, data=data, problems=known), schema())
            new = found[len(known) :]
            problems += [each for each in new if not _follows(each, known, look > 0)]
            known += new
            rest = data
            for place in places_of(error, data):
                rest = _without(rest, place)
        if not isinstance(rest, dict):
            break
        rest = {"sources": {}, "destinations": {}, **rest}
        if rest == data:
            break
        data = rest
    return None, problems


def _follows(problem: Problem, known: list[Problem], again: bool) -> bool:
    """Whether `problem` may only follow from one that is `known`: with a setting that it names, or,
    after wrong settings were taken out (`again`), with one in the same object."""
    named = _KEY.findall(problem.message)
    for other in known:
        if again and f"{other.path}.".startswith(f"{problem.path}." if problem.path else ""):
            return True
        if any(f"{other.path}.".startswith(f"{name}.") for name in named):
            return True
    return False


def _without(data: Any, place: KeyPath) -> Any:
    """A copy of `data` without the value at `place`, or without the object that lacks it. A list is
    removed as a whole, so that no element moves, and so are settings without a usable `type`."""
    if len(place) == 3 and place[0] in _WITH_TYPES and place[2] == "type":
        place = place[:2]
    numbers = [at for at, key in enumerate(place) if isinstance(key, int)]
    place = place[: numbers[0]] if numbers else place
    return _dropped(data, place)


def _dropped(data: Any, place: KeyPath) -> Any:
    if not place or not isinstance(data, dict):
        return data
    first, *below = place
    left = {key: value for key, value in data.items() if key != first}
    inner = data.get(first)
    if below and isinstance(inner, dict) and below[0] in inner:
        return {**left, first: _dropped(inner, tuple(below))}
    return left
