"""Edits of one event by a person: ``value=59.9``, ``items.0.price=12``, or the whole event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.event.consent import CONSENT, STATEMENT_FIELDS
from gateway.event.diff import changes
from gateway.event.fields import changed_path, fitting
from gateway.event.model import Event, read_event
from gateway.event.paths import MISSING, editor

_FIXED = frozenset(map(str.lower, [CONSENT, "event_id", "anonymised", *STATEMENT_FIELDS]))
"""In lower case, to be compared in any case: `read_event` also reads other spellings of consent."""


def edit_event(event: Event, edits: Sequence[str], removals: Sequence[str]) -> Event:
    """`event` with `edits`, each ``path=value``, and without the fields `removals`.

    A value is JSON, or else a text, and is read as at intake. Raises `ValueError` (or `EventError`,
    a subclass), which names the path and not the value: for a change that does not fit, for a field
    that does not exist, and for changes to the event's id or its consent.
    """
    edited = event.copy()
    for path in removals:
        _check(path)
        _remove(edited, path)
    for change in edits:
        path, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"{path!r} is not a change; write path=value")
        _check(path)
        _set(edited, path, fitting(path, _value(path, text)))
    return read_event(edited)


def rewrite_event(event: Event, wanted: object) -> Event:
    """`event` as `wanted`, a decoded JSON value.

    Raises `ValueError` (or `EventError`, a subclass), which names the path and not the value: when
    nothing was changed, for a value that an event cannot contain, and for changes to the event's id
    or its consent.
    """
    if not isinstance(wanted, dict):
        raise ValueError("an event is a JSON object")
    changed = changes(event, wanted)
    if not changed:
        raise ValueError("nothing was changed")
    for change in changed:
        _check(change["field"])
        if "after" in change:
            fitting(change["field"], change["after"])
    rewritten = read_event(wanted)
    touched = {change["field"].partition(".")[0] for change in changed}
    for lost in changes(wanted, rewritten):
        if lost["field"].partition(".")[0] in touched:
            raise ValueError(f"the event cannot contain {lost['field']} as it is written")
    return rewritten


def _check(path: str) -> None:
    changed_path(path)
    if path.split(".")[0].lower() in _FIXED:
        raise ValueError(f"{path} cannot be edited; an event keeps its id and its consent")


def _set(event: Event, path: str, value: Any) -> None:
    before = orjson.dumps(event)
    editor(path, lambda _: value)(event)
    if orjson.dumps(event) == before:
        raise ValueError(
            f"{path} would not change: it has this value already, or the event cannot contain it"
        )


def _remove(event: Event, path: str) -> None:
    before = event.copy()
    editor(path, lambda _: MISSING, makes=False)(event)
    if event == before:
        raise ValueError(f"{path} is not in the event, so it cannot be removed")


def _value(path: str, text: str) -> Any:
    """The value of `text` as JSON if the field can hold it, otherwise `text` itself."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    try:
        fitting(path, value)
    except ValueError:
        return text
    return value
