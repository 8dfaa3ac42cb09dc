"""Describes conditions in words, and the values found when they were not met.

``{event_name: [purchase, refund], not: {value: {lt: 100}}}`` becomes ``event_name is "purchase" or
"refund", and value is not below 100``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from gateway.event.paths import ANY, MISSING
from gateway.event.text import printable
from gateway.stages.conditions.model import Condition, Operators, fields_of

Unmet = tuple[str, Any]
"""The words of a `Check`, and the value found instead, which may be MISSING or UNSEEN."""

UNSEEN: Final = type("Unseen", (), {"__repr__": lambda _: "UNSEEN"})()
"""Stands for a value that is not shown: there is no single one, or it is about a person."""

MAX_WORDS = 500
"""Characters of a condition in words; the rest is cut off."""

_MAX_VALUE = 80
_MAX_VALUES = 6

_VERBS = {
    "equals": ("is", "is not"),
    "in": ("is", "is not"),
    "contains": ("contains", "does not contain"),
    "starts_with": ("starts with", "does not start with"),
    "ends_with": ("ends with", "does not end with"),
    "matches": ("matches", "does not match"),
    "gt": ("is above", "is not above"),
    "gte": ("is at least", "is not at least"),
    "lt": ("is below", "is not below"),
    "lte": ("is at most", "is not at most"),
}
"""The verb of each operator, and its negation."""


def describe(condition: Condition) -> str:
    """`condition` in words, of at most `MAX_WORDS` characters."""
    return _cut(_condition(condition).text, MAX_WORDS)


def describe_not(condition: Condition) -> str:
    """The opposite of `condition` in words, of at most `MAX_WORDS` characters."""
    return _cut(_negated(condition).text, MAX_WORDS)


def describe_any(blocks: Sequence[Condition]) -> str:
    """The requirement that one of `blocks` is met, in at most `MAX_WORDS` characters."""
    return _cut(_any(blocks).text, MAX_WORDS)


def describe_field(path: str, operators: Operators) -> str:
    """What the field at `path` has to be, in words of at most `MAX_WORDS` characters."""
    return _cut(_field(path, operators).text, MAX_WORDS)


def unmet_in_words(unmet: Unmet) -> str:
    """What was not met, and what was found instead if that may be shown."""
    words, value = unmet
    if value is UNSEEN:
        return f"not met: matches only if {words}"
    found = "nothing" if value is MISSING else _value(value)
    return f"not met: matches only if {words}; found {found}"


class _Phrase(NamedTuple):
    """is_group: has several parts, so it needs brackets inside another phrase."""

    text: str
    is_group: bool = False

    @property
    def bracketed(self) -> str:
        return f"({self.text})" if self.is_group else self.text


def _condition(condition: Condition) -> _Phrase:
    parts = [_field(path, operators) for path, operators in fields_of(condition)]
    parts += [_condition(block) for block in condition.all_ or []]
    if condition.any_ is not None:
        parts.append(_any(condition.any_))
    if condition.not_ is not None:
        parts.append(_negated(condition.not_))
    if len(parts) == 1:
        return parts[0]
    texts = [part.bracketed for part in parts]
    has_or = any(" or " in text for text in texts)
    return _Phrase((", and " if has_or else " and ").join(texts), is_group=True)


def _any(blocks: Sequence[Condition]) -> _Phrase:
    parts = [_condition(block) for block in blocks]
    if len(parts) == 1:
        return parts[0]
    return _Phrase(", or ".join(part.bracketed for part in parts), is_group=True)


def _negated(condition: Condition) -> _Phrase:
    fields = fields_of(condition)
    if condition.all_ is None and condition.any_ is None:
        if condition.not_ is None and len(fields) == 1:
            return _field(*fields[0], negated=True)
        if condition.not_ is not None and not fields:
            return _condition(condition.not_)
    return _Phrase(f"not ({_condition(condition).text})")


def _field(path: str, operators: Operators, *, negated: bool = False) -> _Phrase:
    wanted = operators.model_dump(by_alias=True, exclude_none=True)
    exists = wanted.pop("exists", True)
    if not wanted:  # `exists: false` stands alone
        return _Phrase(f"{path} exists" if exists is not negated else f"{path} does not exist")
    plain = " and ".join(f"{_VERBS[name][0]} {_values(value)}" for name, value in wanted.items())
    if ANY in path.split("."):
        return _Phrase(f"{'none' if negated else 'one'} of {path} {plain}")
    if not negated:
        return _Phrase(f"{path} {plain}")
    if len(wanted) > 1:
        return _Phrase(f"not ({path} {plain})")
    [(name, value)] = wanted.items()
    return _Phrase(f"{path} {_VERBS[name][1]} {_values(value)}")


def _values(wanted: Any) -> str:
    if not isinstance(wanted, list):
        return _value(wanted)
    shown = [_value(each) for each in wanted]
    if len(shown) > _MAX_VALUES:
        shown[_MAX_VALUES - 1 :] = [f"one of {len(shown) - _MAX_VALUES + 1} more"]
    *first, last = shown
    return f"{', '.join(first)} or {last}" if first else last


def _value(value: Any) -> str:
    """`value` as JSON, but numbers as a person writes them: 100 and not 100.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return _cut(printable(json.dumps(value, ensure_ascii=False, default=str)), _MAX_VALUE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
