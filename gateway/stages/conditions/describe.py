"""Conditions in words, and what was seen where one was not met."""

from __future__ import annotations

from typing import Any, Final

from gateway.event.paths import MISSING
from gateway.stages.conditions.model import Condition, Operators, fields_of

Unmet = tuple[str, Any]
"""The words of a `Check`, and the value that was seen instead: MISSING, or UNSEEN."""

UNSEEN: Final = type("Unseen", (), {"__repr__": lambda _: "UNSEEN"})()
"""Stands for a value that is not shown: there is no single one, or it is about a person."""

_MAX_SEEN = 80


def describe(condition: Condition) -> str:
    """`condition` in words, as failures and `explain` show it."""
    words = [field_words(path, wanted) for path, wanted in fields_of(condition)]
    words += [f"({describe(block)})" for block in condition.all_ or []]
    if condition.any_ is not None:
        words.append("(" + " or ".join(describe(block) for block in condition.any_) + ")")
    if condition.not_ is not None:
        words.append(f"not ({describe(condition.not_)})")
    return " and ".join(words) or "always"


def field_words(path: str, operators: Operators) -> str:
    """What the field at `path` has to be, in words."""
    given = operators.model_dump(by_alias=True, exclude_none=True)
    return (
        " and ".join(f"{path} {name} {value}" for name, value in given.items()) or f"{path} exists"
    )


def unmet_in_words(unmet: Unmet) -> str:
    """What was not met, and what was seen instead, as far as it may be shown."""
    words, value = unmet
    if value is UNSEEN:
        return f"not met: {words}"
    seen = "nothing" if value is MISSING else repr(value)
    if len(seen) > _MAX_SEEN:
        seen = seen[:_MAX_SEEN] + "..."
    return f"not met: {words}; saw {seen}"
