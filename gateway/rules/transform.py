"""Actions that change the shape of an event: set, rename, remove."""

from collections.abc import Callable
from typing import Any

from gateway.event import Event
from gateway.paths import MISSING, editor, getter


def set_field(path: str, value: Any) -> Callable[[Event], Event]:
    """Gives the field at `path` the value, making the objects on the way."""
    return editor(path, lambda _: value)


def remove_field(path: str) -> Callable[[Event], Event]:
    """Takes the field at `path` out; an event without it stays as it is."""
    return editor(path, lambda _: MISSING)


def rename_field(old: str, new: str) -> Callable[[Event], Event]:
    """Moves the value at `old` to `new`, replacing what is there.

    An event in which `new` cannot be, because a text or number is on the way, stays as it is.
    """
    get, get_new, remove = getter(old), getter(new), remove_field(old)

    def rename(event: Event) -> Event:
        value = get(event)
        if value is MISSING:
            return event
        renamed = set_field(new, value)(remove(event))
        return renamed if get_new(renamed) is value else event

    return rename
