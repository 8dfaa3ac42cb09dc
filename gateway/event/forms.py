"""The forms of one event: each destination may receive a different one."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.event.model import Event


def union(forms: Iterable[Event]) -> Event:
    """All fields of `forms`. Where two differ, the earlier one counts."""
    merged: Event = {}
    for form in forms:
        if not merged:
            merged = dict(form)
        elif form != merged:
            for name, value in form.items():
                known = merged.setdefault(name, value)
                if known is not value and isinstance(known, dict) and isinstance(value, dict):
                    merged[name] = union([known, value])
    return merged


def beyond(known: Event, forms: Iterable[Event]) -> list[Event]:
    """The fields that each of `forms` adds to `known`: the `union` of `known` and these equals that
    of `known` and the form."""
    nested = [name for name, value in known.items() if isinstance(value, dict)]
    return [_more(known, form, nested) for form in forms]


def _more(known: Event, form: Event, nested: Iterable[str]) -> Event:
    """nested: the fields of `known` that are objects."""
    more: Event = {}
    if not form.keys() <= known.keys():
        more = {name: value for name, value in form.items() if name not in known}
    for name in nested:
        value, other = form.get(name), known[name]
        if value is not other and isinstance(value, dict):
            (inner,) = beyond(other, [value])
            if inner:
                more[name] = inner
    return more
