"""The stage that takes personal data and secrets out of an event.

Most events have nothing to find, so the texts of an event are first searched all at once, with
one expression that is found wherever a pattern could change something. Only then each text goes
through the patterns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.event import Event, Received
from gateway.pii.cleaning import Cleaning
from gateway.pii.fields import LOOK, Action, Fields, Told
from gateway.pii.matching import searcher, to_bytes
from gateway.pii.patterns import HINTS, PATTERNS
from gateway.pii.settings import PiiGuardSettings

Guard = Callable[[Event, Received], tuple[Event, str]]
"""The event as it may be stored, the same object when nothing was found in it, and what was
removed in words, without any value: ``removed 1 e-mail from page_location``, or nothing.
"""

_SHORTEST = 6
"""Characters of the shortest text with something in it: ``a@b.co``."""


def compile_guard(settings: PiiGuardSettings) -> Guard:
    """The guard that `settings` describe. It never raises."""
    patterns = [(name, PATTERNS[name]) for name in PATTERNS if name in settings.patterns]
    if not settings.enabled or not patterns:
        return _pass
    find = searcher("|".join(HINTS[name] for name, _ in patterns))

    def is_clean(text: str) -> bool:
        return all(remove(text) is text for _, remove in patterns)

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
    """The texts to be searched; None when a name alone calls for a closer look."""
    texts: list[str] = []
    containers: list[Any] = [event]
    for container in containers:  # which grows meanwhile
        if isinstance(container, dict):
            for name, value in container.items():
                action = fields[name]
                if action is None:
                    continue
                if action is not LOOK and _calls_for_a_look(action, value):
                    return None
                if isinstance(value, str):
                    if len(value) >= _SHORTEST:
                        texts.append(value)
                elif isinstance(value, (dict, list)):
                    containers.append(value)
        else:
            texts += [value for value in container if isinstance(value, str)]
            containers += [value for value in container if isinstance(value, (dict, list))]
    return texts


def _calls_for_a_look(action: Action, value: object) -> bool:
    return not isinstance(action, Told) or isinstance(value, list) or action.takes(value)
