"""Edits of one event by a person: ``value=59.9``, ``items.0.price=12``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.event.consent import CONSENT, STATEMENT_FIELDS
from gateway.event.fields import changed_path, fitting
from gateway.event.model import Event, read_event
from gateway.event.paths import MISSING, editor

_FIXED = frozenset(map(str.lower, [CONSENT, "event_id", "anonymised", *STATEMENT_FIELDS]))
"""In any case: `read_event` takes the consent that it finds under another spelling."""


def edit_event(event: Event, changes: Sequence[str], removals: Sequence[str]) -> Event:
    """`event` with `changes`, each ``path=value``, and without the fields `removals`.

    A value is JSON, or else a text, and is read as at intake. Raises `ValueError` (`EventError`
    among them), which names the path and not the value: for a change that does not fit, for a field
    that does not exist, and for what must not be changed: the event's id and its consent.
    """
    edited = event.copy()
    for path in removals:
        _check(path)
        _remove(edited, path)
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"{path!r} is not a change; write path=value")
        _check(path)
        _set(edited, path, fitting(path, _value(path, text)))
    return read_event(edited)


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
    """`text` as JSON if it is some and the field can hold it, else as it is."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    try:
        fitting(path, value)
    except ValueError:
        return text
    return value
