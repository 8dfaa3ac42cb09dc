"""The end of the wait of events for consent, as an append takes it: in place of what waited."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Waited = tuple[str, int]
"""A destination for which an event waited, and the day on which the event came in."""


@dataclass(frozen=True, slots=True)
class Release:
    """The end of the wait of a page's oldest events."""

    page: str
    """Its digest."""
    first: bytes
    """The oldest event."""
    count: int
    """How many of the page's events wait no longer; 0 to look at them again at another time."""
    due: float
    """Unix seconds when the rest is looked at again."""
    said: str
    """What the page had stated when the events were read, "" for nothing."""

    def plan(self, first: int) -> dict[str, Any]:
        """For `append.lua`. first: the number of the payload that is the oldest event."""
        return {
            "page": self.page,
            "first": first,
            "count": self.count,
            "due": int(1000 * self.due),
            "said": self.said,
        }


@dataclass(frozen=True, slots=True)
class Undecided:
    """Events that waited and about which nothing is decided: they are withheld.

    waited: for each destination of each event. reason: as `reason_of` writes it. record: for the
    ledger, empty if there is nothing to say.
    """

    waited: Sequence[Waited]
    reason: str
    record: bytes


NOTHING = Undecided((), "", b"")
