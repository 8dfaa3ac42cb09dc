"""The forms of one event: each destination may have it in another one."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.event.model import Event


def union(forms: Iterable[Event]) -> Event:
    """All that one of `forms` has. Where two differ, the earlier one holds."""
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


def beyond(form: Event, known: Event) -> Event:
    """What `form` adds to `known`: the union of `known` and this is that of `known` and `form`."""
    more: Event = {}
    if not form.keys() <= known.keys():
        more = {name: value for name, value in form.items() if name not in known}
    for name, value in form.items():
        if type(value) is not dict or (other := known.get(name)) is value:
            continue
        if type(other) is dict and (got := beyond(value, other)):
            more[name] = got
    return more
