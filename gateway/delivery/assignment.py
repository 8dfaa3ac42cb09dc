"""The assignment of a drain: its destination, and everything that it needs to empty the stream."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from destinations.base import Destination
from gateway.configuration.delivery import DeliverySettings, linger_seconds
from gateway.delivery.planning import IsErased, none_erased
from gateway.delivery.policy import SendPolicy
from gateway.http.client import Client
from gateway.queue.settle import Reporting

MAX_WINDOW = 4000


@dataclass(frozen=True, slots=True)
class Assignment:
    """The destination that a drain empties, and how.

    client: None for a dry run. stops: a later denial of one of these consent types also stops
    events that were accepted before it. reporting: how outcomes are reported to the ledger; None
    without a ledger. is_erased: whether the person of an entry was erased.
    """

    name: str
    destination: Destination[Any]
    settings: DeliverySettings
    client: Client | None
    stops: Collection[str] = ()
    reporting: Reporting | None = None
    is_erased: IsErased = none_erased

    @property
    def policy(self) -> SendPolicy:
        return SendPolicy.of(self.settings, self.destination)

    @property
    def linger(self) -> float:
        """Seconds that a single event may wait for others to share its request."""
        return linger_seconds(self.settings, self.destination.limits)

    @property
    def window(self) -> int:
        """How many events may be at work at once: enough to keep all senders busy."""
        enough = max(8 * self.settings.in_flight, 2 * self.destination.limits.max_events)
        return min(enough, MAX_WINDOW)
