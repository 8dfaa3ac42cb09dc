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


def beyond(known: Event, form: Event) -> Event:
    """The fields that `form` adds to `known`: the `union` of `known` and these equals that of
    `known` and `form`."""
    more: Event = {}
    for name, value in form.items():
        if name not in known:
            more[name] = value
        elif (
            value is not (other := known[name])
            and isinstance(value, dict)
            and isinstance(other, dict)
            and (inner := beyond(other, value))
        ):
            more[name] = inner
    return more
