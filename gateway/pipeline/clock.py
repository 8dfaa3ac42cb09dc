"""Clocks of senders: measures their error and corrects the time of events.

A request that states when it was sent, by the clock of its sender, shows the error of that clock.

Sources: segment.com/docs/connections/spec/common (timestamps) for ``sentAt``; docs.snowplow.io,
tracker protocol (timestamps), for ``stm``.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from gateway.event import Event
from gateway.event.times import to_seconds
from gateway.pipeline.age import in_words

DEAD_BAND_SECONDS = 60.0
"""Smaller differences are ignored: a request can be on its way for so long."""

MAX_OFFSET_SECONDS = 100 * 365 * 86_400.0
"""Larger differences are ignored: no clock is so wrong."""


def clock_offset(sent: Iterable[object], received_at: float) -> float:
    """Seconds by which the clock of a sender is behind; negative if it is ahead, 0 if it is right
    or if no time can be read.

    sent: when the request was sent, as its sender states it, in any form of an event's `timestamp`;
    the latest time counts. received_at: Unix seconds.
    """
    readable = [each for each in map(_seconds, sent) if each is not None]
    offset = received_at - max(readable, default=received_at)
    return offset if DEAD_BAND_SECONDS < abs(offset) < MAX_OFFSET_SECONDS else 0.0


def correct_time(event: Event, offset: float) -> tuple[Event, str]:
    """`event` with its time corrected for a clock that is `offset` seconds behind, and a line about
    what was done, or ""."""
    if not offset or "timestamp" not in event:
        return event, ""
    corrected = max(round(event["timestamp"] + offset, 3), 0.0)
    direction, moved = ("behind", "later") if offset > 0 else ("ahead", "earlier")
    amount = in_words(abs(offset))
    words = f"timestamp moved {amount} {moved} because the sender's clock is {amount} {direction}"
    return {**event, "timestamp": corrected}, words


def _seconds(stated: object) -> float | None:
    try:
        seconds = to_seconds(stated)
    except ValueError:
        return None
    if not isinstance(seconds, int | float) or not isfinite(seconds) or seconds < 0:
        return None
    return float(seconds)
