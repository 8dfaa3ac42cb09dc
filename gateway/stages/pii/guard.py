"""The stage that removes personal data and secrets from an event.

Most events contain none. So all texts of an event are first searched at once, with one expression
that matches wherever a pattern could change something. Only if it matches are the patterns applied
to each text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.event import Event, Received
from gateway.event.columns import MIN_OBJECTS, Columns, columns
from gateway.stages.pii.cleaning import Cleaning
from gateway.stages.pii.fields import LOOK, Action, Fields, Told
from gateway.stages.pii.matching import searcher, to_bytes
from gateway.stages.pii.patterns import HINTS, PATTERNS
from gateway.stages.pii.settings import PiiGuardSettings

Guard = Callable[[Event, Received], tuple[Event, str]]
"""From an event to the event as it may be stored (the same object if nothing was found) and what
was removed, in words and without values: ``removed 1 e-mail from page_location``, or "".
"""

_TEXT, _OBJECT = frozenset([str]), frozenset([dict])
_WITHOUT_TEXT = frozenset((int, float, bool, type(None)))
"""With texts, objects and lists, these are all types of JSON. Any other type, which only a plug-in
can introduce, needs the closer look, which handles subclasses."""


def compile_guard(settings: PiiGuardSettings) -> Guard:
    """The guard that `settings` describe. It never raises."""
    patterns = [(name, PATTERNS[name]) for name in PATTERNS if name in settings.patterns]
    if not settings.enabled or not patterns:
        return _pass
    find = searcher("|".join(HINTS[name] for name, _ in patterns))

    def is_clean(name: str) -> bool:
        return find(to_bytes(name)) is None

    fields = Fields(settings.leave_alone, [name for name, _ in patterns], is_clean)

    def guard(event: Event, _: Received) -> tuple[Event, str]:
        texts = _texts(event, fields)
        if texts is not None and find(to_bytes("\n".join(texts))) is None:
            return event, ""
        cleaning = Cleaning(fields, patterns, find)
        cleaned = cleaning.event(event)
        return cleaned, cleaning.words()

    return guard


def _pass(event: Event, _: Received) -> tuple[Event, str]:
    return event, ""


def _texts(event: Event, fields: Fields) -> list[str] | None:
    """The texts to search in `event`; None if something in it needs a closer look."""
    known = fields.known
    texts: list[str] = []
    objects = [event]
    for each in objects:  # grows in the loop
        for name, value in each.items():
            try:  # no call for a known name
                action = known[name]
            except KeyError:
                action = fields[name]
            if action is None:
                continue
            if action is not LOOK and _calls_for_a_look(action, value):
                return None
            kind = type(value)
            if kind is str:
                texts.append(value)
            elif kind in _WITHOUT_TEXT:
                continue
            elif kind is dict:
                objects.append(value)
            elif kind is not list or not _sort_out(value, fields, texts, objects):
                return None
    return texts


def _sort_out(
    values: Sequence[Any], fields: Fields, texts: list[str], objects: list[dict[str, Any]]
) -> bool:
    """Adds what is in a list to `texts` and `objects`; False if something needs a closer look."""
    if len(values) >= MIN_OBJECTS:
        kinds = {*map(type, values)}
        if kinds == _TEXT:
            texts += values
            return True
        if kinds == _OBJECT:
            return all(_sort_out_columns(each, fields, texts, objects) for each in columns(values))
        if kinds <= _WITHOUT_TEXT:
            return True
    for value in values:
        kind = type(value)
        if kind is dict:
            objects.append(value)
        elif kind is str:
            texts.append(value)
        elif kind is list:
            if not _sort_out(value, fields, texts, objects):
                return False
        elif kind not in _WITHOUT_TEXT:
            return False
    return True


def _sort_out_columns(
    alike: Columns, fields: Fields, texts: list[str], objects: list[dict[str, Any]]
) -> bool:
    """As `_sort_out`, for the fields of many objects, by name."""
    for name, values in alike.items():
        action = fields[name]
        if action is None:
            continue
        if action is not LOOK and any(_calls_for_a_look(action, value) for value in values):
            return False
        if not _sort_out(values, fields, texts, objects):
            return False
    return True


def _calls_for_a_look(action: Action, value: object) -> bool:
    return not isinstance(action, Told) or isinstance(value, list) or action.takes(value)
