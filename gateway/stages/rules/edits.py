"""What an action is compiled to, and how it leaves known fields in their types.

After any rules an event is one that `read_event` would give back as it is: destinations do not
check it again.
"""

from collections.abc import Callable
from typing import Any

from gateway.event import Event
from gateway.event.fields import MISFIT, FieldType, field_type
from gateway.event.paths import MISSING, Change, as_text, change_text, compile_edit

Edit = Callable[[Event], str | None]
"""Changes an event. Its outermost object is the caller's own; what is in it may be shared, and is
copied before it is changed. Answers with words when it could not do what the rule says. Raises
`Withheld` when the event must not go on."""


class Withheld(Exception):
    """An edit failed in a way that ends the event. Its text says why, without values."""


Put = Callable[[Event, Any], Any]
"""Gives a field a value; answers with the value as the field holds it, MISFIT, or MISSING when the
event has no place for it."""

NO_PLACE = "the event has no place for it"


def change_values(
    path: str, change: Change, instead: Callable[[Any, Any], Any] = lambda old, _: old
) -> Edit:
    """Sends what is at `path` through `change`; where nothing is, nothing is changed.

    instead: from the old and the new value to what stands there when the field cannot hold the
    new one; MISSING takes it out.
    """
    field = field_type(path)
    edit = compile_edit(field.keys[: field.url], makes=False)
    change_fitting = _fitting(field, change, instead)
    return lambda event: edit(event, change_fitting)


def change_or_say(path: str, change: Change, failed: str) -> Edit:
    """As `change_values`, for a `change` that answers MISFIT to what it cannot change, which then
    stays. Returns `failed` when there was such a value."""
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
    """`change`, of values that are there, to what the field can hold."""
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
    """The function that gives the field at `path` a value."""
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
    """Gives the field to which `edit` leads this value; False if `event` has no place for it."""
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
