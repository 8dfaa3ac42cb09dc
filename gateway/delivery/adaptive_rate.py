"""The sending rate of one drain, from the configured limits and what the vendor accepts.

When a vendor throttles (429), the share of the limits that is used is halved, down to a
thirty-second. It grows by a twentieth about every second. The share is kept in the destination's
counts, so that the next drain does not start at full speed. So is the time of the next request
(`rate_notes`): a limit holds from one drain to the next.

If a vendor states how much of its limit is used, requests are spaced from `HIGH_USAGE` percent on:
the less is left, the longer the pauses.
"""

from math import inf

from destinations.base import HIGH_USAGE
from gateway.configuration.delivery import DeliverySettings

SMALLEST_SHARE = 1 / 32
RECOVERY = 1.05
FULL_USAGE = 100.0
MAX_SPACING_SECONDS = 30.0
"""Pause between two requests when the vendor's limit is used up."""


class AdaptiveRate:
    """The rate of one drain. Times are seconds of any monotonic clock, given by the caller.

    share: the share of the configured limits that the last drain used.
    """

    def __init__(self, settings: DeliverySettings, share: float = 1.0) -> None:
        self._settings = settings
        self._limited = bool(settings.requests_per_second or settings.events_per_second)
        self._free_at = self._noted = -inf
        self._was_slow = False
        self._spacing = 0.0
        self.restore(share)

    def restore(self, share: float) -> None:
        """Takes over the `share` that the last drain left."""
        self.share = min(1.0, max(SMALLEST_SHARE, share))

    @property
    def in_flight(self) -> int:
        """How many requests may be under way at once."""
        return max(1, int(self._settings.in_flight * self.share))

    def hold(self, seconds: float, events: int, now: float) -> None:
        """Delays the first request by `seconds`, as the last drain noted.

        events: the most that one request can carry. The delay is at most what a request with so
        many events costs, because `seconds` comes from a clock that may have been set.
        """
        longest = max(self._seconds_for(events), MAX_SPACING_SECONDS * self._settings.drains)
        self._free_at = self._noted = now + min(seconds, longest)

    def turn(self, now: float) -> float:
        """When the next request may start: `now` or later. Call `take` when it starts."""
        return max(now, self._free_at)

    def take(self, turn: float, events: int) -> None:
        """Records that a request with `events` events starts. turn: from `turn`."""
        seconds = self._seconds_for(events)
        if seconds:
            self._free_at = max(turn, self._free_at) + seconds

    def throttle(self) -> None:
        self.share = max(SMALLEST_SHARE, self.share / 2)

    def heed(self, usage: float) -> None:
        """Sets the spacing of requests. usage: percentage of its limit that the vendor states."""
        excess = (min(usage, FULL_USAGE) - HIGH_USAGE) / (FULL_USAGE - HIGH_USAGE)
        self._spacing = MAX_SPACING_SECONDS * max(0.0, excess) ** 2
        if not self._limited and not self._spacing:
            self._free_at = -inf

    def recover(self) -> None:
        """Raises the share a little. Called about once a second."""
        self.share = min(1.0, self.share * RECOVERY)

    def share_to_note(self) -> float | None:
        """The share to note for the next drain; None if it is full now and was at the last call."""
        was_slow, self._was_slow = self._was_slow, self.share < 1
        return self.share if self._was_slow or was_slow else None

    def wait_to_note(self, now: float) -> float | None:
        """Seconds until the next request may start, to note for the next drain; None if it may
        start now, or if its time has been noted already."""
        if self._free_at <= now or self._free_at == self._noted:
            return None
        self._noted = self._free_at
        return self._free_at - now

    def _seconds_for(self, events: int) -> float:
        settings = self._settings
        needed = 0.0
        if settings.requests_per_second is not None:
            needed = 1 / settings.requests_per_second
        if settings.events_per_second is not None:
            needed = max(needed, events / settings.events_per_second)
        return max(needed / self.share, self._spacing) * settings.drains
