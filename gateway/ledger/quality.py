"""How well a destination can match events with people, and recognise repeated orders, from a sample
of the newest events that it got. Pure, except for `sample`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.event import Event
from gateway.event.endings import ARRIVED
from gateway.ledger.answers import Listed, Wanted
from gateway.ledger.reading import LedgerReader
from gateway.ledger.search import search

SAMPLE = 1000
MAX_SECONDS = 1.0


FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("user_data.email_address", "user_data.sha256_email_address"),
    "phone": ("user_data.phone_number", "user_data.sha256_phone_number"),
    "address": ("user_data.address",),
    "external_id": ("user_id",),
    "client_id": ("client_id",),
    "fbp": ("fbp",),
    "fbc": ("fbc",),
    "click_id": ("click_ids",),
    "user_agent": ("user_agent",),
    "ip_address": ("ip_override",),
}
"""What vendors match by, each with the fields of an event that have it."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Numbers of orders in a sample, by where they came from. by_browser: only from pages.
    by_server: only from senders with a key. same_id: from both, with an event id in common.
    other_id: from both, without one, so that the vendor counts them twice."""

    total: int
    by_browser: int
    by_server: int
    same_id: int
    other_id: int


def sample(
    reader: LedgerReader,
    destination: str,
    events: int = SAMPLE,
    seconds: float = MAX_SECONDS,
) -> list[Listed]:
    """The newest events that were delivered to `destination`, or repeated there, and whose content
    is stored; fewer if it takes longer than `seconds`. An event that was replayed may occur more
    than once."""
    deadline = time.monotonic() + seconds
    found: list[Listed] = []
    after = ""
    while (left := deadline - time.monotonic()) > 0:
        page = search(reader, Wanted(destination=destination), after, events, left)
        found += [each for each in page.found if _has_reached(each)]
        after = page.next
        if not after or len(found) >= events:
            break
    return found[:events]


def _has_reached(each: Listed) -> bool:
    return each.ending.ending in ARRIVED and each.payload is not None


def match_quality(events: Iterable[Event]) -> dict[str, float]:
    """The share of `events` that has each of `FIELDS`, from 0 to 1; empty without an event.

    events: as the ledger has them, with all that one of their destinations was allowed to have.
    """
    having: Counter[str] = Counter()
    total = 0
    for event in events:
        total += 1
        having.update(name for name, paths in FIELDS.items() if any(_at(event, p) for p in paths))
    return {name: having[name] / total for name in FIELDS} if total else {}


def orders(seen: Iterable[tuple[Event, bool]]) -> Orders:
    """The orders of events with a ``transaction_id``. seen: events, each with whether its sender
    had a key."""
    ids: dict[str, tuple[set[object], set[object]]] = {}
    for event, trusted in seen:
        order = event.get("transaction_id")
        if isinstance(order, str) and order:
            ids.setdefault(order, (set(), set()))[trusted].add(str(event.get("event_id")))
    found = Counter(map(_where, ids.values()))
    return Orders(
        len(ids),
        found["browser"],
        found["server"],
        found["same"],
        found["other"],
    )


def _where(ids: tuple[set[object], set[object]]) -> str:
    of_browser, of_server = ids
    if not (of_browser and of_server):
        return "browser" if of_browser else "server"
    return "other" if of_browser.isdisjoint(of_server) else "same"


def _at(event: Event, path: str) -> Any:
    found: Any = event
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
