"""Statements about consent that are written as fields: ``consent.ad_storage=denied``."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.event import Event
from gateway.event.bounds import MAX_DEPTH
from gateway.event.consent import OTHER_SPELLINGS
from gateway.event.consent_members import CATEGORIES
from gateway.sources.statements import (
    as_values,
    names_a_type,
    several,
    statements_in,
    with_statements,
)

_CONSENT = b"consent"
_BACKSLASH = ord("\\")
_separators = re.compile(r"[.\[\]]")
_non_word = re.compile(rb"\W").search
_escaped_ascii = re.compile(rb"\\u00[2-7]").search


def expand_statements(fields: Iterable[tuple[str, Any]]) -> Event:
    """`fields`, names and values, expanded into fields of an event.

    Dots and brackets lead into objects; numbers make lists, except in categories. No value is lost
    if ``consent``, ``consent.ad_storage`` and ``consent[ad_storage]`` all occur, even repeatedly:
    several values become a list.
    """
    root = _Stated()
    for name, value in fields:
        node = root
        for part in _parts(name):
            node = node.below.setdefault(part, _Stated())
        node.values += as_values(value)
    return {
        name: child.value(OTHER_SPELLINGS.get(name, name) != CATEGORIES)
        for name, child in root.below.items()
    }


def may_have_fields(body: bytes) -> bool:
    """Whether the JSON `body` may have a key such as ``consent.ad_storage``. Case is ignored.

    A key may be written with escapes (``\\u0063onsent``), so any escaped ASCII character counts.
    """
    if _BACKSLASH in body and _escaped_ascii(body):
        return True
    text = body.lower()
    at = text.find(_CONSENT)
    while at >= 0:  # much faster than to search for a pattern
        after = _non_word(text, at)
        if after is None:
            return False
        if after[0] in b".[":
            return True
        at = text.find(_CONSENT, after.end())
    return False


def with_fields_expanded(message: Event) -> Event:
    """`message` with keys such as ``consent.ad_storage`` expanded into objects."""
    names = "".join(message)
    if "." not in names and "[" not in names and "%" not in names:  # as in most
        return message
    fields = {name: value for name, value in message.items() if names_a_type(name)}
    if not fields:
        return message
    others = {name: value for name, value in message.items() if name not in fields}
    return with_statements(others, expand_statements(fields.items()))


def expanded_statements_in(message: Mapping[str, Any]) -> Event:
    """The statements in `message`, fields such as ``consent.ad_storage`` expanded into objects."""
    stated = statements_in(message)
    return expand_statements(stated.items()) if stated else stated


def _parts(name: str) -> list[str]:
    first, *others = [part for part in _separators.split(name, MAX_DEPTH) if part] or [""]
    return ["consent" if first.lower() == "consent" else first, *others]


def list_or_object(children: Event) -> Any:
    """`children`; as a list, in the order of their names, if these are all numbers."""
    if not all(name.isascii() and name.isdecimal() for name in children):
        return children
    return [children[name] for name in sorted(children, key=lambda name: (len(name), name))]


class _Stated:
    """All statements under one name: its own values, and those of the names below it."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.below: dict[str, _Stated] = {}

    def value(self, with_lists: bool) -> Any:
        if not self.below:
            return several(self.values)
        children = {name: child.value(with_lists) for name, child in self.below.items()}
        return several([*self.values, list_or_object(children) if with_lists else children])
