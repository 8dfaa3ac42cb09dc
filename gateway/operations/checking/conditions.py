"""What `gateway check` says about conditions on values that a field never has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.event.consent import CONSENT
from gateway.event.fields import field_type, fitting
from gateway.event.paths import ANY, as_text
from gateway.operations.checking.texts import as_pattern, not_given
from gateway.operations.checking.written_paths import (
    Tested,
    event_names,
    mapped_values,
    tested_fields,
)
from gateway.stages.conditions.compare import other_form, tests_of
from gateway.stages.conditions.model import Operators

ADDED_KINDS: Mapping[str, str] = {
    "bot.is_bot": "boolean",
    "bot.score": "number",
    "anonymised": "boolean",
    "items_quantity": "number",
    "items_value": "number",
    "value_converted": "number",
}
"""The JSON Schema types of fields that the gateway adds and that are not texts."""

_WORDS = {"boolean": "is true or false", "number": "is a number", "string": "is a text"}
_OF_MANY = {"array": "is a list", "object": "is an object"}
_OF_TEXTS = ("starts_with", "ends_with", "matches")
_OF_NUMBERS = ("gt", "gte", "lt", "lte")


def value_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each value in a condition or in the table of a `map` that the field, by its
    type, never has, and for each that is written as a pattern, a list or a network. So also for
    names of events that have a schema or a mapping."""
    lines = read_yaml(settings.text, {})
    said = [
        (tested.place, words)
        for tested in tested_fields(settings)
        for words in (*_never_met(tested), *_not_as_meant(tested))
    ]
    said += [
        (place, words)
        for place, path, key in mapped_values(settings)
        for words in _of_key(path, key)
    ]
    said += [
        (place, words)
        for place, name in event_names(settings)
        for words in _of_key("event_name", name)
    ]
    for place, words in said:
        yield f"Warning: {config}:{lines.line(place)}: {dotted(place)}: {words}."


def _of_key(path: str, key: str) -> Iterator[str]:
    """What is wrong with `key`, one of a table for the field at `path`. Keys are compared as
    texts."""
    kinds = _kinds(path)
    if kinds == {"boolean"}:
        if key.lower() not in ("true", "false"):
            yield f"{_in_words(path)}; {key!r} never matches"
    elif kinds and kinds <= {"integer", "number"}:
        if (number := _as_number(key)) != key:
            has = f"events have {number!r}" if number else _in_words(path)
            yield f"{has}; {key!r} never matches"
    elif words := misfit(path, key):
        yield f"{words} never matches"
    else:
        entries = as_pattern(path, key, "write an entry for each value")
        yield from filter(None, [entries or not_given(path, "equals", key)])


def _as_number(key: str) -> str:
    """The number that `key` spells, as tables have it; "" if it spells none."""
    for kind in (int, float):
        with suppress(ValueError, OverflowError):
            return as_text(kind(key)) or ""
    return ""


def _never_met(tested: Tested) -> Iterator[str]:
    path, operators = tested.path, tested.operators
    wanted = [*(operators.in_ or ()), *([] if operators.equals is None else [operators.equals])]
    for value in wanted:
        if words := misfit(path, value):
            yield f"{words} never matches"
    kinds = _kinds(path)
    if not kinds:
        return
    for names, kind in ((_OF_TEXTS, "string"), (_OF_NUMBERS, "number")):
        used = [name for name in names if getattr(operators, name) is not None]
        if used and kinds.isdisjoint({kind, "array"}):
            yield f"{_in_words(path)}; `{used[0]}` never matches"


def _not_as_meant(tested: Tested) -> Iterator[str]:
    operators = tested.operators
    for name in ("equals", "in_", "contains", "starts_with", "ends_with"):
        wanted = getattr(operators, name)
        for text in wanted if isinstance(wanted, list) else [wanted]:
            if not isinstance(text, str):
                continue
            if name != "contains" and len(text) > 1 and ANY in (text[0], text[-1]):
                yield (
                    f"`*` is no pattern; {text!r} matches only with the `*`: write `starts_with`, "
                    "`ends_with` or `matches`"
                )
            elif words := as_pattern(tested.path, text, "write a list, or `matches`"):
                yield words
            elif tested.path == "ip_override" and "/" in text:
                yield f"is one address; the network {text!r} never matches: write `starts_with`"
            elif words := not_given(tested.path, name, text):
                yield words


def type_misfit(path: str, types: Collection[str]) -> str:
    """Says what the field at `path` has instead of a value of one of `types`, names of JSON Schema;
    "" if it may have one."""
    kinds, wanted = (
        {"number" if one == "integer" else one for one in each} for each in (_kinds(path), types)
    )
    return "" if not kinds or not wanted.isdisjoint(kinds) else _in_words(path)


def misfit(path: str, value: Any) -> str:
    """Says what the field at `path` has instead of `value`; "" if it may have `value`."""
    words = f"{_in_words(path)}; {_shown(value)}"
    if kind := ADDED_KINDS.get(path):
        return "" if _is_of_kind(value, kind) else words
    try:
        fitted = fitting(path, value)
    except ValueError:
        return words
    met = all(test(fitted) for test in tests_of(Operators(equals=value)))
    return (
        "" if met or isinstance(fitted, list | dict) else f"events have {fitted!r}; {_plain(value)}"
    )


def _is_of_kind(value: Any, kind: str) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    return not isinstance(other_form(value) if isinstance(value, str) else value, str)


def _kinds(path: str) -> frozenset[str]:
    added = ADDED_KINDS.get(path)
    if added is not None:
        return frozenset({added})
    field = field_type(path)
    return frozenset({"string"}) if field.in_url else field.kinds


def _in_words(path: str) -> str:
    if path.startswith(f"{CONSENT}."):
        return "is 'granted' or 'denied'"
    if path == "currency":
        return "is a currency such as 'EUR'"
    kinds = sorted(_kinds(path))
    words = [_WORDS[kind] for kind in kinds if kind in _WORDS]
    return " or ".join(words or [_OF_MANY[kind] for kind in kinds if kind in _OF_MANY])


def _shown(value: Any) -> str:
    return f"{'the text ' if isinstance(value, str) else ''}{_plain(value)}"


def _plain(value: Any) -> str:
    return repr(value) if isinstance(value, str) else json.dumps(value)
