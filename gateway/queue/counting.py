"""Counting: what `counting.lua` counts for a destination, by the day and by the reason.

Counts by the day are kept `DAYS_KEPT` days: longer than a dead letter is kept by default, which is
30 days, and much longer than the ledger keeps events or can be behind. So whoever compares the two
finds both. An event counts on the UTC day on which it came in, however much later it ends.

Counts by the reason are those of withheld events. Reasons come from the configuration and from
words of the gateway; beyond 100 of them a destination counts under ``(other)``.

An event that is replayed or released from quarantine counts as accepted again, in a later passage.
How many of the events of each count are in a later passage is counted too, under the same name
after `AGAIN`, in all and by the day. Only events with a receipt are: the ledger knows no others.
"""

from __future__ import annotations

from collections.abc import Mapping

DAYS_KEPT = 35
"""Also in `counting.lua`."""

DAYS_FROM = "days_from"
"""In the counts of a destination: the first day that is counted as a whole. Days before it passed
under a version of the gateway that did not count by the day."""

AGAIN = "again:"
"""What the counts of later passages begin with, such as ``again:accepted``. Also in
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
    """The counts of a destination without those of a part of these events: by the reason, as
    `withheld_of` reads them, and in a later passage."""
    return {
        name: count
        for name, count in counts.items()
        if name not in _NOT_EVENTS and not name.startswith((_WITHHELD, AGAIN))
    }


def withheld_of(counts: Mapping[str, int]) -> dict[Reason, int]:
    """How many events were withheld for each reason, by the counts of their destination. The sum is
    the counter ``withheld``: what an earlier version counted without a reason is `UNKNOWN`."""
    found: dict[Reason, int] = {}
    for name, count in counts.items():
        if name.startswith(_WITHHELD):
            stage, _, label = name.removeprefix(_WITHHELD).partition(":")
            found[stage, label] = count
    rest = counts.get("withheld", 0) - sum(found.values())
    if rest > 0:
        found["", UNKNOWN] = found.get(("", UNKNOWN), 0) + rest
    return found
