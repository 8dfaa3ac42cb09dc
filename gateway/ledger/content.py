"""What the ledger stores of an event's content. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from gateway.configuration.ledger import Payload
from gateway.event import Event
from gateway.queue.entry import Entry, decode, take_apart
from gateway.stages.anonymise import ANONYMISED
from gateway.stages.identifiers import IDENTIFIERS

_PERSONAL = IDENTIFIERS.union(
    ["event_id", "ip_override", "user_agent", "event_location", "page_location", "page_referrer"]
)
"""What a redacted event is without."""


Origin = dict[str, dict[str, bool]]
"""What one needs to know of an event besides its content, each as the names in an object, which
SQLite can merge. See `origin_of`; on a cluster also ``decided``: the destinations about which was
decided, each with a record of its own."""


def content_of(payloads: Sequence[bytes], kept: Payload) -> tuple[Origin | None, str | None]:
    """The origin of an event, and its content as JSON. payloads: its entries. Raises as
    `gateway.queue.entry.decode` does."""
    if kept == "none" or not payloads:
        return None, None
    if kept == "full" and len(payloads) == 1:
        entry, event = take_apart(payloads[0])
        return origin_of([entry]), event.decode()
    entries = [decode(b"", 0, each) for each in payloads]
    whole = [entry.event for entry in entries if not entry.event.get(ANONYMISED)]
    merged = union(whole or [entry.event for entry in entries])
    if kept == "redacted":
        known = {name: value for name, value in merged.items() if name not in _PERSONAL}
        return None, orjson.dumps(known).decode()
    return origin_of(entries), orjson.dumps(merged).decode()


def origin_of(entries: Iterable[Entry]) -> Origin:
    """The names of the rules that were met, the visitors whose denial may stop the event, and the
    consent types that a trusted sender stated."""
    origin: Origin = {"applied": {}, "visitors": {}, "stated": {}}
    for entry in entries:
        for name, texts in origin.items():
            texts |= dict.fromkeys(getattr(entry, name), True)
    return origin


def union(events: Iterable[Event]) -> Event:
    """All that one of `events` has: forms of the same event, of which each destination got one."""
    merged: Event = {}
    for event in events:
        if not merged:
            merged = dict(event)
        elif event != merged:
            for name, value in event.items():
                known = merged.setdefault(name, value)
                if known is not value and isinstance(known, dict) and isinstance(value, dict):
                    merged[name] = union([known, value])
    return merged
