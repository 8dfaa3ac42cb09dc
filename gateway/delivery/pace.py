"""Pace: how fast one drain sends, by the limits of the configuration and what the vendor bears.

A vendor that throttles (429) halves the share of the limits that is used, down to a
thirty-second; a second without being throttled gives a twentieth back. The share outlives the
drain in the destination's counts, so that the next one does not start at full speed.
"""

from gateway.delivery.policy import DeliverySettings

SMALLEST_SHARE = 1 / 32
RECOVERY = 1.05


class Pace:
    """The pace of one drain. Times are seconds of any monotonic clock, given by the caller.

    share: of the configured limits, from the last drain.
    """

    def __init__(self, settings: DeliverySettings, share: float = 1.0) -> None:
        self._settings = settings
        self._limited = bool(settings.requests_per_second or settings.events_per_second)
        self.share = min(1.0, max(SMALLEST_SHARE, share))
        self._free_at = 0.0

    @property
    def in_flight(self) -> int:
        """Requests that may be under way at once."""
        return max(1, int(self._settings.in_flight * self.share))

    def wait(self, events: int, now: float) -> float:
        """Seconds that a request with `events` events has to wait; its turn is taken with that."""
        if not self._limited:
            return 0.0
        turn = max(now, self._free_at)
        self._free_at = turn + self._seconds_for(events)
        return turn - now

    def throttle(self) -> None:
        self.share = max(SMALLEST_SHARE, self.share / 2)

    def recover(self) -> None:
        """A second has gone by without being throttled."""
        self.share = min(1.0, self.share * RECOVERY)

    def _seconds_for(self, events: int) -> float:
        settings = self._settings
        needed = 0.0
        if settings.requests_per_second is not None:
            needed = 1 / settings.requests_per_second
        if settings.events_per_second is not None:
            needed = max(needed, events / settings.events_per_second)
        return needed * settings.drains / self.share
