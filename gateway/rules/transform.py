"""Actions that change the shape of an event: set, rename, remove."""

from collections.abc import Callable
from typing import Any

from gateway.event import Event, read_event
from gateway.paths import MISSING, editor, getter


def set_field(path: str, value: Any) -> Callable[[Event], Event]:
    """Gives the field at `path` the value, making the objects on the way."""
    return editor(path, lambda _: value)


def typed_value(path: str, value: Any) -> Any:
    """`value` with the type that a known field at `path` has, as it would have come in an event.

    Raises `gateway.event.EventError` when it cannot have it.
    """
    event = read_event(set_field(path, value)({"event_name": "any"}))
    typed = getter(path)(event)
    return value if typed is MISSING else typed


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
