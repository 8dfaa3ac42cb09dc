"""What the ledger stores of an event's content. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from gateway.configuration.ledger import Payload
from gateway.event.forms import union
from gateway.queue.entry import Entry, decode, take_apart
from gateway.stages.anonymise import ANONYMISED
from gateway.stages.identifiers import IDENTIFIERS

_PERSONAL = IDENTIFIERS.union(
    ["event_id", "ip_override", "user_agent", "event_location", "page_location", "page_referrer"]
)
"""What a redacted event is without."""

_MARK = {ANONYMISED}
"""The fields of an entry that adds no content."""

Origin = dict[str, dict[str, bool]]
"""What one needs to know of an event besides its content, each as the names in an object, which
SQLite can merge. See `origin_of`; on a cluster also ``decided``: the destinations about which was
decided, each with a record of its own."""


def content_of(payloads: Sequence[bytes], kept: Payload) -> tuple[Origin | None, str | None]:
    """The origin of an event, and its content as JSON. payloads: its entries, of which those behind
    the first may say only what they add to it. Raises as `gateway.queue.entry.decode` does."""
    if kept == "none" or not payloads:
        return None, None
    if kept == "full":
        entry, event = take_apart(payloads[0])
        others = [decode(b"", 0, each) for each in payloads[1:]]
        if all(other.event.keys() <= _MARK for other in others):
            return origin_of([entry, *others]), event.decode()
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
        if entry.applied:
            origin["applied"] |= dict.fromkeys(entry.applied, True)
        if entry.visitors:
            origin["visitors"] |= dict.fromkeys(entry.visitors, True)
        if entry.stated:
            origin["stated"] |= dict.fromkeys(entry.stated, True)
    return origin
