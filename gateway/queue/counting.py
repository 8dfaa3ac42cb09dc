"""Counting: what `counting.lua` counts for a destination, by day and by reason.

Counts by day are kept for `DAYS_KEPT` days: longer than a dead letter is kept by default (30 days),
and much longer than the ledger keeps events or can be behind. So both can be compared. An event
counts on the UTC day on which it came in, however much later it ends.

Withheld events are also counted by reason. Reasons come from the configuration and from fixed
texts of the gateway; beyond 100 reasons a destination counts under ``(other)``.

An event that is replayed or released from quarantine counts as accepted again, in a later passage.
Each count has a counterpart named with the prefix `AGAIN`, in total and by day: how many of its
events are in a later passage. Only events with a receipt count there: the ledger knows no others.
"""

from __future__ import annotations

from collections.abc import Mapping

DAYS_KEPT = 35
"""Also in `counting.lua`."""

DAYS_FROM = "days_from"
"""In the counts of a destination: the first day that is counted as a whole. Before it, a version of
the gateway ran that did not count by day."""

AGAIN = "again:"
"""The prefix of the counts of later passages, such as ``again:accepted``. Also in
`counting.lua`."""

UNKNOWN = "(unknown)"

_WITHHELD = "withheld:"
_NOT_EVENTS = frozenset({DAYS_FROM, "withheld_reasons"})

Reason = tuple[str, str]
"""The stage that withheld an event, and the label of its verdict. ``(other)`` and what an earlier
version counted have no stage."""


def reason_of(stage: str, label: str) -> str:
    """A reason as the scripts take it."""
    return f"{stage}:{label or UNKNOWN}"


NO_REASON = reason_of("", UNKNOWN)
BY_ERASURE = reason_of("delivery", "erased")
BY_REMOVAL = reason_of("delivery", "removed")


def without_parts(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of a destination without the counts by reason, which `withheld_of` reads, and
    those of later passages."""
    return {
        name: count
        for name, count in counts.items()
        if name not in _NOT_EVENTS and not name.startswith((_WITHHELD, AGAIN))
    }


def withheld_of(counts: Mapping[str, int]) -> dict[Reason, int]:
    """How many events were withheld for each reason, from the counts of their destination. They add
    up to ``withheld``: events that an earlier version counted without a reason are `UNKNOWN`."""
    found: dict[Reason, int] = {}
    for name, count in counts.items():
        if name.startswith(_WITHHELD):
            stage, _, label = name.removeprefix(_WITHHELD).partition(":")
            found[stage, label] = count
    rest = counts.get("withheld", 0) - sum(found.values())
    if rest > 0:
        found["", UNKNOWN] = found.get(("", UNKNOWN), 0) + rest
    return found
