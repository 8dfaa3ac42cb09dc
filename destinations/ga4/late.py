"""Events that are older than GA4 accepts.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference (72 hours).
"""

from datetime import timedelta
from typing import Any, Literal

from destinations.base import Event
from destinations.event_values import event_time
from destinations.remarks import remark

TooOld = Literal["expire", "clamp", "send_without_time"]

MAX_AGE = timedelta(hours=72)
MAX_AGE_OF_HITS = timedelta(hours=24)
"""A hit has no time. GA4 counts it on arrival, and adds it to a session that began at most 24 hours
before."""

LATEST = timedelta(days=7)
"""The age up to which an event is sent with another time than its own, or with none."""

_OLDEST_SENT = MAX_AGE.total_seconds() - 60
"""Seconds: a minute less than GA4 accepts, for the transfer."""


def time_params(event: Event, now: float, too_old: TooOld) -> dict[str, Any]:
    """``timestamp_micros`` of `event`. now: Unix seconds."""
    at = sent_time(event, now, too_old)
    return {} if at is None else {"timestamp_micros": round(at * 1_000_000)}


def sent_time(event: Event, now: float, too_old: TooOld) -> float | None:
    """The time that is sent for `event`; None to send none. In Unix seconds, as `now`."""
    at = event_time(event, now)
    if now - at > _OLDEST_SENT:
        if too_old == "send_without_time":
            remark("timestamp: removed because it is more than 72 hours ago; GA4 uses its own time")
            return None
        if too_old == "clamp":
            remark("timestamp: set to 72 hours ago, the oldest that GA4 accepts")
            return now - _OLDEST_SENT
    return at
