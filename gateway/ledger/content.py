"""What the ledger stores of an event's content. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import orjson

from gateway.configuration.ledger import Payload
from gateway.event import Event
from gateway.event.forms import union
from gateway.queue.entry import Entry, decode, take_apart, take_content
from gateway.stages.anonymise import ANONYMISED
from gateway.stages.identifiers import IDENTIFIERS

_PERSONAL = IDENTIFIERS.union(
    ["event_id", "ip_override", "user_agent", "event_location", "page_location", "page_referrer"]
)
"""The fields that are removed from a redacted event."""

_WHOLE = frozenset({"event_name", "event_id"})
"""Fields that every event has, unless the ledger stores only a part of its content."""

_MARK = {ANONYMISED}
"""The fields of an entry that adds no content."""


def content_of(payloads: Sequence[bytes], kept: Payload) -> tuple[str | None, str | None]:
    """The origin of an event and its content, both as JSON. payloads: its entries; those after the
    first may contain only what they add to it. Raises as `gateway.queue.entry.decode` does.

    The origin is what a replay needs besides the content: the names of the rules that were met, the
    visitors whose denial may stop the event, and the consent types that a trusted sender stated.
    Each is an object with these as its keys, since SQLite can merge objects. See `with_changed`,
    `with_decided` and `with_refused`.
    """
    if kept == "none" or not payloads:
        return None, None
    if kept == "full" and len(payloads) == 1:
        (applied, visitors, stated), event = take_content(payloads[0])
        return _origin(tuple(applied), tuple(visitors), tuple(stated)), event.decode()
    if kept == "full":
        entry, event = take_apart(payloads[0])
        others = [decode(b"", 0, each) for each in payloads[1:]]
        if all(other.event.keys() <= _MARK for other in others):
            return _origin_of([entry, *others]), event.decode()
    entries = [decode(b"", 0, each) for each in payloads]
    merged = _joined([entry.event for entry in entries])
    if kept == "redacted":
        known = {name: value for name, value in merged.items() if name not in _PERSONAL}
        return None, orjson.dumps(known).decode()
    return _origin_of(entries), orjson.dumps(merged).decode()


def is_whole(event: Event | None) -> bool:
    """Whether `event`, what was stored of an event's content, is all of it."""
    return event is not None and event.keys() >= _WHOLE


def joined_content(earlier: str | None, later: str | None) -> str | None:
    """Joins what was stored of two forms of an event, both as JSON; where both have a value, the
    later one is kept. An anonymised form adds nothing to one that is not."""
    if earlier is None or later is None:
        return earlier if later is None else later
    return orjson.dumps(_joined([orjson.loads(later), orjson.loads(earlier)])).decode()


def with_changed(origin: str, changed: str) -> str:
    """`origin` with ``changed``: what `gateway.pipeline.changed.changed_fields` returned, as JSON.
    Rows of earlier versions do not have it."""
    return f'{origin[:-1]},"changed":{changed}}}'


def with_decided(origin: str | None, destinations: Iterable[str]) -> str:
    """`origin` with ``decided``, used on a cluster: all destinations for which the event was
    decided. Each of them has a record of its own."""
    return _with_names(origin, "decided", destinations)


def with_refused(origin: str | None, destinations: Iterable[str]) -> str:
    """`origin` with ``refused``: the destinations that get the event only when its sender repeats
    it, since its request was refused in part."""
    return _with_names(origin, "refused", destinations)


def _with_names(origin: str | None, key: str, names: Iterable[str]) -> str:
    told = orjson.loads(origin or "{}") | {key: dict.fromkeys(names, True)}
    return orjson.dumps(told).decode()


def _joined(forms: Sequence[Event]) -> Event:
    return union([form for form in forms if not form.get(ANONYMISED)] or forms)


def _origin_of(entries: Sequence[Entry]) -> str:
    first, *others = entries
    applied, visitors, stated = first.applied, first.visitors, first.stated
    for entry in others:
        applied, visitors = [*applied, *entry.applied], [*visitors, *entry.visitors]
        stated = [*stated, *entry.stated]
    return _origin(tuple(applied), tuple(visitors), tuple(stated))


@lru_cache(1000)
def _origin(applied: tuple[str, ...], visitors: tuple[str, ...], stated: tuple[str, ...]) -> str:
    """Cached, since many events have the same origin."""
    named = {"applied": applied, "visitors": visitors, "stated": stated}
    told = {name: dict.fromkeys(each, True) for name, each in named.items()}
    return orjson.dumps(told).decode()
