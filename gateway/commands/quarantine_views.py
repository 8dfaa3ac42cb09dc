"""Events in quarantine as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from rich.table import Table

from gateway.commands.kept_views import common, print_counts, sheet, short
from gateway.commands.terminal import cell, table, utc
from gateway.queue.quarantine import Quarantined


class Kind(NamedTuple):
    """What events that are counted together have in common."""

    event_name: str
    reason: str

    @classmethod
    def of(cls, kept: Quarantined, reason: str) -> Kind:
        return cls(kept.event_name, common(reason))


Fate = Literal["to send", "will expire", "withheld"]
"""What becomes of a released event at a destination. It expires when it is past the deadline."""

FATES: tuple[Fate, ...] = ("to send", "will expire", "withheld")


def print_kinds(kinds: Counter[Kind], what: str = "events in quarantine") -> bool:
    """Prints how many there are of each kind; whether there are any."""
    return print_counts(what, kinds, "event name", "reason")


def fates_table(fates: Counter[tuple[str, Fate]], destinations: Collection[str]) -> Table:
    """What becomes of the events at each of `destinations`."""
    shown = table("Once released", "destination", *FATES, numbers=FATES)
    for name in destinations:
        shown.add_row(cell(name), *(str(fates[name, fate]) for fate in FATES))
    return shown


def newest_table(events: Sequence[Quarantined]) -> Table:
    """One row for each of `events`; nothing of their payload."""
    columns = ("quarantined", "source", "event name", "event id", "reason")
    newest = table(f"The newest {len(events)}", *columns)
    for kept in events:
        words = (kept.source, kept.event_name, kept.event_id, short(kept.reason))
        newest.add_row(utc(kept.kept_since), *map(cell, words))
    return newest


def in_words(kept: Quarantined) -> str:
    """Everything of `kept`."""
    facts = {
        "reason": kept.reason,
        "quarantined": utc(kept.kept_since),
        "received": f"{utc(kept.received_at)} from {kept.source}",
        "version": kept.version,
    }
    return sheet(f"{kept.event_name} ({kept.event_id}), {kept.id}", facts, kept.event)
