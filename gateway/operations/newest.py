"""Looks at the newest stored events, in a time that does not depend on how many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic

from gateway.operations.stored import K, Selection, Store
from gateway.queue.stored_events import PAGE


@dataclass(slots=True)
class Newest(Generic[K]):
    """kinds: how many there are of each. events: the newest of all stores. stored: how many events
    there are in all, selected or not. is_cut: whether older ones may not have been looked at."""

    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    events: list[tuple[Store[K], K]] = field(default_factory=list)
    stored: int = 0
    is_cut: bool = False


async def look_at_newest(chosen: Selection[K], look_at: int, keep: int) -> Newest[K]:
    """Looks at about `look_at` of the newest events in the selected period, equally many in each
    store. keep: how many events to return."""
    found: Newest[K] = Newest()
    of_each = max(PAGE, look_at // max(1, len(chosen.stores)))
    for store in chosen.stores:
        count = await store.events.count(chosen.redis)
        found.stored += count
        found.is_cut |= count > of_each
        kept = 0
        async for stored in store.events.newest(chosen.redis, of_each, chosen.wanted):
            found.kinds[chosen.shown.kind(store, stored)] += 1
            if kept < keep:
                kept += 1
                found.events.append((store, stored))
    found.events.sort(key=lambda each: each[1].stored_at, reverse=True)
    del found.events[keep:]
    return found
