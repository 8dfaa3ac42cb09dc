"""Edits, which actions are compiled to, and how they keep known fields in their types.

After any rules, an event is still one that `read_event` would return unchanged: destinations do not
check it again.
"""

from collections.abc import Callable
from typing import Any

from gateway.event import Event
from gateway.event.fields import MISFIT, FieldType, field_type
from gateway.event.paths import MISSING, Change, as_text, change_text, compile_edit

Edit = Callable[[Event], str | None]
"""Changes an event in place. The event itself belongs to the caller; everything in it may be
shared, and is copied before it is changed. Returns a message if it could not do what the rule says.
Raises `Withheld` if the event must not continue."""


class Withheld(Exception):
    """An edit failed and the event must be withheld. The message says why, without values."""


Put = Callable[[Event, Any], Any]
"""Sets a field to a value; returns the value as the field holds it, MISFIT, or MISSING if the event
has no place for it."""

NO_PLACE = "the event has no place for it"


def change_values(
    path: str, change: Change, instead: Callable[[Any, Any], Any] = lambda old, _: old
) -> Edit:
    """Applies `change` to the value at `path`; without a value, nothing changes.

    instead: from the old and the new value to the value to store if the field cannot hold the new
    one; MISSING removes the field.
    """
    field = field_type(path)
    edit = compile_edit(field.keys[: field.url], makes=False)
    change_fitting = _fitting(field, change, instead)
    return lambda event: edit(event, change_fitting)


def change_or_say(path: str, change: Change, failed: str) -> Edit:
    """As `change_values`, for a `change` that returns MISFIT for a value that it cannot change.
    Such a value stays, and the edit returns `failed`."""
    field = field_type(path)
    edit = compile_edit(field.keys[: field.url], makes=False)

    def change_all(event: Event) -> str | None:
        left = 0

        def attempt(value: Any) -> Any:
            nonlocal left
            new = change(value)
            if new is not MISFIT:
                return new
            left += 1
            return value

        edit(event, _fitting(field, attempt, lambda old, _: old))
        return failed if left else None

    return change_all


def _fitting(field: FieldType, change: Change, instead: Callable[[Any, Any], Any]) -> Change:
    """`change`, limited to existing values and to results that the field can hold."""
    inner = _in_text(field, change) if field.in_url else change

    def change_fitting(old: Any) -> Any:
        if old is MISSING:
            return MISSING
        new = inner(old)
        if new is old or new is MISSING:
            return new
        fitted = field.fit(new)
        return instead(old, new) if fitted is MISFIT else fitted

    return change_fitting


def setter(path: str) -> Put:
    """The function that sets the field at `path`."""
    field = field_type(path)
    if field.in_url:
        return _url_setter(field)
    fit, edit = field.fit, compile_edit(field.keys, field.makes)

    def put(event: Event, value: Any) -> Any:
        fitted = fit(value)
        if fitted is MISFIT:
            return MISFIT
        return fitted if put_at(edit, event, fitted) else MISSING

    return put


def put_at(edit: Callable[[Event, Change], None], event: Event, value: Any) -> bool:
    """Sets the field at the path of `edit`; returns False if `event` has no place for it."""
    is_put = False

    def change(_: Any) -> Any:
        nonlocal is_put
        is_put = True
        return value

    edit(event, change)
    return is_put


def _url_setter(field: FieldType) -> Put:
    part = field.keys[field.url :]
    edit = compile_edit(field.keys[: field.url], makes=False)

    def put(event: Event, value: Any) -> Any:
        text = as_text(value)
        if text is None:
            return MISFIT

        held: Any = MISSING

        def change(url: Any) -> Any:
            nonlocal held
            if not isinstance(url, str):
                return url
            changed = change_text(url, part, lambda _: text)
            held = text if field.fit(changed) is not MISFIT else MISFIT
            return url if held is MISFIT else changed

        edit(event, change)
        return held

    return put


def _in_text(field: FieldType, change: Change) -> Change:
    part = field.keys[field.url :]

    def change_present(old: Any) -> Any:
        return MISSING if old is MISSING else change(old)

    return lambda url: change_text(url, part, change_present) if isinstance(url, str) else url
