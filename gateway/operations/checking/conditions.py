"""What `gateway check` says about conditions on values that a field never has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.event.consent import CONSENT
from gateway.event.fields import field_type, fitting
from gateway.event.paths import ANY
from gateway.operations.checking.written_paths import Tested, tested_fields
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
    """A warning for each value in a condition that the field, by its type, never has, and for each
    that is written as a pattern or a network."""
    lines = read_yaml(settings.text, {})
    for tested in tested_fields(settings):
        for words in (*_never_met(tested), *_not_as_meant(tested)):
            place = tested.place
            yield f"Warning: {config}:{lines.line(place)}: {dotted(place)}: {words}."


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
    for name in ("equals", "in_", "starts_with", "ends_with"):
        wanted = getattr(operators, name)
        for text in wanted if isinstance(wanted, list) else [wanted]:
            if not isinstance(text, str):
                continue
            if len(text) > 1 and ANY in (text[0], text[-1]):
                yield (
                    f"`*` is no pattern; {text!r} matches only with the `*`: write `starts_with`, "
                    "`ends_with` or `matches`"
                )
            elif tested.path == "ip_override" and "/" in text:
                yield f"is one address; the network {text!r} never matches: write `starts_with`"


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
