"""Mends names of events and of fields that were copied with blanks or invisible characters around
them, such as into the form of a tag manager."""

from typing import Any

from gateway.event.bounds import MAX_KEYS
from gateway.event.currencies import WITHOUT_WIDTH
from gateway.event.schema import EventFields

_KNOWN = EventFields.__annotations__.keys()


def with_plain_names(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw`, an event as it was sent, with the names of known fields and its own name without what
    is around them; the same object if nothing is. A value under the plain name is kept."""
    names = "".join(raw)
    if (not names.isascii() or names.split() != [names]) and len(raw) <= MAX_KEYS:
        raw = _with_plain_fields(raw)
    name = raw.get("event_name")
    if isinstance(name, str) and not name.isascii() and (plain := _trimmed(name)) != name:
        return {**raw, "event_name": plain}
    return raw


def _with_plain_fields(raw: dict[str, Any]) -> dict[str, Any]:
    plain = {name: ours for name in raw if (ours := _trimmed(name)) in _KNOWN and ours not in raw}
    if not plain:
        return raw
    return {plain.get(name, name): value for name, value in raw.items()}


def _trimmed(text: str) -> str:
    return text.strip().strip(WITHOUT_WIDTH).strip()
