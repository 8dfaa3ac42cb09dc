"""Events in quarantine as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Literal

from rich.table import Table

from gateway.cli.stored.selection import Presentation, Store
from gateway.cli.stored.views import common, sheet, short
from gateway.cli.terminal import cell, table, utc
from gateway.queue.quarantine import Quarantined

Fate = Literal["to send", "will expire", "withheld"]
"""What becomes of a released event at a destination. It expires when it is past the deadline."""

FATES: tuple[Fate, ...] = ("to send", "will expire", "withheld")


def fates_table(fates: Counter[tuple[str, Fate]], destinations: Collection[str]) -> Table:
    """What becomes of the events at each of `destinations`."""
    shown = table("After release", "destination", *FATES, numbers=FATES)
    for name in destinations:
        shown.add_row(cell(name), *(str(fates[name, fate]) for fate in FATES))
    return shown


def kind(stored: Quarantined, reason: str) -> tuple[str, ...]:
    """What events that are counted together have in common."""
    return stored.event_name, common(reason)


def _kind(_: Store[Quarantined], stored: Quarantined) -> tuple[str, ...]:
    return kind(stored, stored.reason)


def _row(_: Store[Quarantined], stored: Quarantined) -> tuple[str, ...]:
    return stored.source, stored.event_name, stored.event_id, short(stored.reason)


def _words(_: Store[Quarantined], stored: Quarantined) -> str:
    facts = {
        "reason": stored.reason,
        "quarantined": utc(stored.stored_at),
        "received": f"{utc(stored.received_at)} from {stored.source}",
        "version": stored.version,
    }
    return sheet(f"{stored.event_name} ({stored.event_id}), {stored.id}", facts, stored.event)


def _data(_: Store[Quarantined], stored: Quarantined) -> dict[str, Any]:
    return asdict(stored)


QUARANTINED = Presentation(
    what="events in quarantine",
    lacking="no event in quarantine has the id",
    others="released or dropped",
    kind_columns=("event name", "reason"),
    kind=_kind,
    row_columns=("quarantined", "source", "event name", "event id", "reason"),
    row=_row,
    words=_words,
    data=_data,
)
