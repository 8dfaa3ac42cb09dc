"""What an action is compiled to, and how it leaves known fields in their types.

After any rules an event is one that `read_event` would give back as it is: destinations do not
check it again.
"""

from collections.abc import Callable
from typing import Any

from gateway.event import Event
from gateway.event.fields import MISFIT, FieldType, field_type
from gateway.event.paths import MISSING, Change, as_text, change_text, compile_edit, editor

Edit = Callable[[Event], str | None]
"""Changes an event. Its outermost object is the caller's own; what is in it may be shared, and is
copied before it is changed. Answers with words when it could not do what the rule says. Raises
`Withheld` when the event must not go on."""


class Withheld(Exception):
    """An edit failed in a way that ends the event. Its text says why, without values."""


Put = Callable[[Event, Any], Any]
"""Gives a field a value; answers with the value as the field holds it, or MISFIT."""


def change_values(
    path: str, change: Change, instead: Callable[[Any, Any], Any] = lambda old, _: old
) -> Edit:
    """Sends what is at `path` through `change`; where nothing is, nothing is changed.

    instead: from the old and the new value to what stands there when the field cannot hold the
    new one; MISSING takes it out.
    """
    field = field_type(path)
    base = ".".join(field.keys[: field.url])
    inner = _in_text(field, change) if field.in_url else change

    def change_fitting(old: Any) -> Any:
        if old is MISSING:
            return MISSING
        new = inner(old)
        if new is old or new is MISSING:
            return new
        fitted = field.fit(new)
        return instead(old, new) if fitted is MISFIT else fitted

    return editor(base, change_fitting, makes=False)


def setter(path: str) -> Put:
    """The function that gives the field at `path` a value."""
    field = field_type(path)
    if field.in_url:
        return _url_setter(field)
    fit, edit = field.fit, compile_edit(field.keys, field.makes)

    def put(event: Event, value: Any) -> Any:
        fitted = fit(value)
        if fitted is not MISFIT:
            edit(event, lambda _: fitted)
        return fitted

    return put


def _url_setter(field: FieldType) -> Put:
    part = field.keys[field.url :]
    edit = compile_edit(field.keys[: field.url], makes=False)

    def put(event: Event, value: Any) -> Any:
        text = as_text(value)
        if text is None:
            return MISFIT

        def change(url: Any) -> Any:
            changed = change_text(url, part, lambda _: text) if isinstance(url, str) else url
            return url if field.fit(changed) is MISFIT else changed

        edit(event, change)
        return text

    return put


def _in_text(field: FieldType, change: Change) -> Change:
    part = field.keys[field.url :]

    def change_present(old: Any) -> Any:
        return MISSING if old is MISSING else change(old)

    return lambda url: change_text(url, part, change_present) if isinstance(url, str) else url
