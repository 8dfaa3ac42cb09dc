"""Finds mistakes in conditions: operators that no event can meet, or that every event meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

EMPTY = "is empty, so every event meets it; write a condition or remove it"
NEVER = "an empty list never matches"
IN_EVERY_TEXT = "every text has an empty text in it; write `exists: true` or a text to look for"

_OF_TEXTS = ("contains", "starts_with", "ends_with", "matches")
_ABOVE, _BELOW = ("gt", "gte"), ("lt", "lte")
_WORDS = {"gt": "above", "gte": "at least", "lt": "below", "lte": "at most"}


def impossible(wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with `wanted`: at least one operator, by name in YAML, and its value.

    A reason begins with the operator's name if that operator alone is wrong.
    """
    for name, value in wanted.items():
        if value == []:
            yield f"{name}: {NEVER}"
    for name in _OF_TEXTS:
        texts = wanted.get(name, ())
        if texts == "" or (isinstance(texts, list) and "" in texts):
            yield f"{name}: {IN_EVERY_TEXT}"
    if wanted.get("exists") is False and len(wanted) > 1:
        yield "a field that does not exist has no value; remove `exists: false` or the others"
    yield from _no_number(wanted)
    numeric = [name for name in wanted if name in _WORDS]
    texts = [name for name in wanted if name in _OF_TEXTS]
    if numeric and texts:
        yield f"no value is a number for `{numeric[0]}` and a text or list for `{texts[0]}`"


def _no_number(wanted: Mapping[str, Any]) -> Iterator[str]:
    for above, below in product(_ABOVE, _BELOW):
        if above in wanted and below in wanted:
            least, most = wanted[above], wanted[below]
            if least > most or (least == most and (above, below) != ("gte", "lte")):
                yield f"no number is {_WORDS[above]} {least:g} and {_WORDS[below]} {most:g}"
