"""How hard a destination is tried: settings, and the pure functions of time behind them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from destinations.base import Limits

JITTER = 0.2
FAILURES_BEFORE_PAUSE = 5
"""Requests in a row that fail as a whole before a destination is paused. One event that always
makes a vendor's server fail must not hold up the others."""
LONGEST_PAUSE = 300.0


class DeliverySettings(BaseModel):
    """How a destination's events are sent.

    An event that cannot be delivered yet goes this way (defaults)::

        try 1, 2, 3    in the same job, about 0.2 s and 0.4 s apart
        again after    5 s, 30 s, 2 min, 10 min, 30 min, 1 h, then every 2 h (each +-20 %),
                       three quick tries each time
        until          the destination's deadline: then it has expired
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    in_flight: PositiveInt = Field(default=32, le=1000, description="Requests under way at once.")
    drains: PositiveInt = Field(
        default=1, le=64, description="Jobs that may drain this destination at once."
    )
    requests_per_second: PositiveFloat | None = Field(
        default=None, description="Most requests a second, over all drains; any number by default."
    )
    events_per_second: PositiveFloat | None = Field(
        default=None, description="Most events a second, over all drains; any number by default."
    )
    tries: PositiveInt = Field(
        default=3, le=10, description="Quick tries of a request before its events wait."
    )
    backoff: list[PositiveFloat] = Field(
        default=[5, 30, 120, 600, 1800, 3600, 7200],
        min_length=1,
        description="Seconds until an event is tried again; the last one repeats.",
    )
    on_ambiguous: Literal["retry", "give_up"] = Field(
        default="retry",
        description="What becomes of an event when its request was sent and no answer came, and "
        "the vendor would not recognise a repetition: `retry` may count it twice, `give_up` keeps "
        "it as a dead letter.",
    )
    max_pending: PositiveInt = Field(
        default=1_000_000,
        description="Pending events beyond which no more are taken for it (503), nor dropped.",
    )
    max_dead_letters: PositiveInt = Field(
        default=100_000, description="Dead letters beyond which no more events are taken (503)."
    )
    max_age: PositiveFloat | None = Field(
        default=None,
        description="Seconds after which an event is not sent any more; "
        "by default what the vendor accepts.",
    )


def waits(backoff: Sequence[float]) -> Callable[[int, bytes], float]:
    """`wait_before_retry` for one destination."""
    return lambda deliveries, entry_id: wait_before_retry(backoff, deliveries, entry_id)


def wait_before_retry(backoff: Sequence[float], deliveries: int, entry_id: bytes) -> float:
    """Seconds that an entry waits after `deliveries` deliveries; none if it was handed back.

    The jitter comes from the entry's id, so that every process knows the same moment without
    writing it down.
    """
    if deliveries < 1:
        return 0.0
    step = backoff[min(deliveries, len(backoff)) - 1]
    spread = crc32(b"%s:%d" % (entry_id, deliveries)) / 0xFFFFFFFF
    return step * (1 - JITTER + 2 * JITTER * spread)


def pause_seconds(pauses: int, asked: float | None) -> float:
    """How long a destination is paused for the `pauses`-th time in a row, counted from 1.

    asked: seconds that the vendor asks for (``Retry-After``), which it gets at least.
    """
    grown: float = min(2 ** min(pauses - 1, 16), LONGEST_PAUSE)
    return max(grown, asked or 0.0)


def is_expired(timestamp: float, now: float, max_age: timedelta) -> bool:
    """Whether an event of `timestamp` (Unix seconds) is past a destination's deadline."""
    return now - timestamp > max_age.total_seconds()


def deadline(settings: DeliverySettings, limits: Limits) -> timedelta:
    """How old an event may be: as configured, else as old as the vendor accepts it."""
    return timedelta(seconds=settings.max_age) if settings.max_age else limits.max_age
