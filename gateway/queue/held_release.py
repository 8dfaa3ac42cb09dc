"""The release of held events: what an append needs to replace them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Waited = tuple[str, int]
"""A destination for which an event was held, and the day on which the event came in."""


@dataclass(frozen=True, slots=True)
class Release:
    """The release of a page's oldest held events."""

    page: str
    """Its digest."""
    first: bytes
    """The oldest event."""
    count: int
    """How many of the page's events are released; 0 to look at them again later."""
    due: float
    """Unix seconds when the remaining events are looked at again."""
    said: str
    """What the page had stated when the events were read, "" for nothing."""

    def plan(self, first: int) -> dict[str, Any]:
        """What `append.lua` takes. first: the number of the payload that is the oldest event."""
        return {
            "page": self.page,
            "first": first,
            "count": self.count,
            "due": int(1000 * self.due),
            "said": self.said,
        }


@dataclass(frozen=True, slots=True)
class Undecided:
    """Held events that end without a decision: they are withheld.

    waited: one for each destination of each event. reason: as `reason_of` writes it. record: for
    the ledger, empty if there is nothing to report.
    """

    waited: Sequence[Waited]
    reason: str
    record: bytes


NOTHING = Undecided((), "", b"")
