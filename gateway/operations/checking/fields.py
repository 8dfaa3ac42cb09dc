"""Which fields events have: those of the model, and those that the gateway adds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from gateway.event.fields import known_names
from gateway.event.text import folded

ADDED: Mapping[str, Collection[str]] = {
    "action_source": (),
    "anonymised": (),
    "bot": ("is_bot", "score", "reason", "reasons"),
    "campaign": ("source", "medium", "name", "term", "content", "id"),
    "channel_group": (),
    "currency_converted": (),
    "device": (
        *("browser", "browser_version", "operating_system", "operating_system_version"),
        *("brand", "model", "category"),
    ),
    "event_location": ("city",),
    "items_quantity": (),
    "items_value": (),
    "referrer": ("hostname", "source", "type"),
    "value_converted": (),
}
"""Fields that the gateway adds or reads, and that `gateway.event.schema` does not list, each with
the names in it."""

_OBJECTS = ((), ("items", "*"), ("user_data",), ("user_data", "address"), ("event_location",))
"""The objects of an event whose fields the gateway knows."""

_SIMILARITY = 0.8
"""From here on, a name counts as a misspelling of another; `difflib` calls it ratio."""


def meant_field(path: str) -> str | None:
    """The known field that `path` seems to misspell; None if `path` is known or resembles none."""
    keys = path.split(".")
    for at, key in enumerate(keys):
        known = _known_below(*keys[:at])
        if key in known or key == "*" or key.isdigit():
            continue
        meant = _nearest(key, known)
        return ".".join([*keys[:at], meant, *keys[at + 1 :]]) if meant else None
    return None


def meant_name(name: str) -> str | None:
    """As `meant_field`, for a name without a path, which means that field anywhere in the event."""
    known = set().union(*(_known_below(*above) for above in _OBJECTS), *ADDED.values())
    return None if name in known else _nearest(name, known)


def _known_below(*above: str) -> set[str]:
    added = ADDED if not above else ADDED.get(above[0], ()) if len(above) == 1 else ()
    return known_names(*above) | {*added}


def _nearest(name: str, known: Collection[str]) -> str | None:
    alike = (each for each in sorted(known) if folded(each) == folded(name))
    return next(alike, None) or next(
        iter(get_close_matches(name, sorted(known), n=1, cutoff=_SIMILARITY)), None
    )
