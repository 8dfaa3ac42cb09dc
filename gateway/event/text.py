"""Text for people: printable values, JSON, times, and the valid name close to a wrong one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import orjson

_CLOSE = 0.65
"""How similar two names have to be, from 0 to 1, for one to be a typing error for the other."""

_MIN_BEGINNING = 4
"""Minimum length of a name that is taken for the beginning of a longer one."""

_no_letter_or_digit = re.compile(r"[\W_]+")
_negation = re.compile(r"not|^(?:no|non|un|dis|ex|min)")


def printable(text: str, keep: str = "") -> str:
    """`text` with control and invisible characters escaped as in JSON, except those in `keep`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else json.dumps(c)[1:-1] for c in text)


def folded(name: str) -> str:
    """`name` in lower case, with only its letters and digits: the same for ``Ad Storage``,
    ``ad_storage`` and ``adStorage``."""
    return _no_letter_or_digit.sub("", name).casefold()


def json_text(value: Any) -> str:
    """`value` as JSON that is safe to print; the same value for a program that reads it."""
    return printable(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), keep="\n")


def json_line(value: Any) -> str:
    """As `json_text`, in one line."""
    return printable(orjson.dumps(value).decode())


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """The JSON value `value` with `mask` applied to every text in it."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): masked(each, mask) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each, mask) for each in value]
    return value


def utc(seconds: float) -> str:
    """Unix seconds as ``2026-07-01 12:00:00Z``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The end of a message about a wrong `name`: ``; did you mean 'event_name'?``, or "" when
    none of the `valid` names is close to it. Names that say the opposite are never close."""
    given = folded(name)
    negations = _negations(given)
    forms = {form: each for each in valid if _negations(form := folded(each)) == negations}
    close = get_close_matches(given, forms, n=1, cutoff=_CLOSE)
    if not close and len(given) >= _MIN_BEGINNING:
        close = sorted((form for form in forms if form.startswith(given)), key=len)[:1]
    return f"; did you mean {forms[close[0]]!r}?" if close else ""


def _negations(form: str) -> set[str]:
    """The parts of a `folded` name that turn its meaning into the opposite."""
    return set(_negation.findall(form))
