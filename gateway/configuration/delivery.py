"""Settings of a destination's delivery."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from destinations.base import Destination, Event, Limits

log = logging.getLogger(__name__)


class DeliverySettings(BaseModel):
    """How a destination's events are sent.

    An event that cannot be delivered yet goes this way (defaults)::

        try 1, 2, 3    in the same job, about 0.2 s and 0.4 s apart
        again after    5 s, 30 s, 2 min, 10 min, 30 min, 1 h, then every 2 h (each +-20 %),
                       three quick tries each time
        until          the destination's deadline: then it has expired
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    in_flight: PositiveInt = Field(
        default=32, le=1000, description="Maximum number of concurrent requests of each drain."
    )
    drains: PositiveInt = Field(
        default=1,
        le=64,
        description="Maximum number of jobs that drain this destination at the same time.",
    )
    requests_per_second: PositiveFloat | None = Field(
        default=None,
        description="Maximum number of requests per second, across all drains. Default: unlimited.",
    )
    events_per_second: PositiveFloat | None = Field(
        default=None,
        description="Maximum number of events per second, across all drains. Default: unlimited.",
    )
    linger: NonNegativeFloat | None = Field(
        default=None,
        le=10,
        description="Maximum number of seconds that an event waits for others that can share its "
        "request, which saves CPU. An event that comes after a silence, and a full batch, do not "
        "wait. Default: depends on the type of the destination; 0 for webhooks with one event per "
        "request.",
    )
    tries: PositiveInt = Field(
        default=3,
        le=10,
        description="Number of immediate attempts of a request before its events wait for a retry.",
    )
    backoff: list[PositiveFloat] = Field(
        default=[5, 30, 120, 600, 1800, 3600, 7200],
        min_length=1,
        description="Seconds between the retries of an event. The last value repeats.",
    )
    on_ambiguous: Literal["retry", "give_up"] = Field(
        default="retry",
        description="What happens to an event when its request was sent, no response came, and "
        "the vendor cannot detect duplicates: `retry` may count it twice, `give_up` stores it as "
        "a dead letter.",
    )
    max_pending: PositiveInt = Field(
        default=1_000_000,
        description="Maximum number of pending events. None are dropped: at 70 % of the limit, "
        "further events of senders without a key are refused (503); at 95 %, those of all "
        "senders.",
    )
    max_submitted: PositiveInt = Field(
        default=100_000,
        description="Maximum number of events that the vendor has accepted and gives its verdict "
        "on later. They do not count in `max_pending`. Beyond it, events end as delivered with a "
        "warning, without a verdict.",
    )
    max_submitted_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Maximum size in bytes of the events that `max_submitted` counts. They do not "
        "count in `max_pending_bytes`. Beyond it, the same happens.",
    )
    max_pending_bytes: PositiveInt | None = Field(
        default=None,
        description="Maximum size in bytes of the pending events that `max_pending` counts, with "
        "the same thresholds. Default: an equal share of 40 % of the memory of Redis for each "
        "destination.",
    )
    max_dead_letters: PositiveInt = Field(
        default=100_000,
        description="Maximum number of dead letters. Beyond it, the oldest are removed: first "
        "those of untrusted senders, then any.",
    )
    max_dead_letter_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Maximum size in bytes of the dead letters. Beyond it, they are removed in "
        "the same order as for `max_dead_letters`.",
    )
    max_dead_letter_days: PositiveFloat = Field(
        default=30, le=36_500, description="Days after which a dead letter is removed."
    )
    max_age: PositiveFloat | None = Field(
        default=None,
        le=3_153_600_000,
        description="Seconds after which an event is no longer accepted or sent. Default: the "
        "limit of the vendor.",
    )


MaxAge = Callable[[Event], timedelta]
"""How old an event may be."""


def deadline(settings: DeliverySettings, destination: Destination[Any]) -> MaxAge:
    """How old an event may be: as configured, or else as the vendor allows."""
    if not settings.max_age:
        return _without_faults(destination.max_age, destination)
    configured = timedelta(seconds=settings.max_age)
    return lambda _: configured


def _without_faults(max_age: MaxAge, destination: Destination[Any]) -> MaxAge:
    """`max_age`, with a fallback to `destination.limits` when it raises or returns no timedelta, as
    a faulty plug-in may. Logs only the first fault."""
    has_failed = False

    def limit(event: Event) -> timedelta:
        nonlocal has_failed
        try:
            found = max_age(event)
            if isinstance(found, timedelta):
                return found
            fault = f"it returned {type(found).__name__} instead of a timedelta"
        except Exception as error:
            fault = type(error).__name__
        if not has_failed:
            has_failed = True
            words = "%s could not say how old an event may be, so its limits apply: %s"
            log.error(words, destination.type, fault)
        return destination.limits.max_age

    return limit


def shortest_deadline(settings: DeliverySettings, limits: Limits) -> timedelta:
    """The age up to which `deadline` accepts any event."""
    return timedelta(seconds=settings.max_age) if settings.max_age else limits.max_age


def linger_seconds(settings: DeliverySettings, limits: Limits) -> float:
    """Seconds that an event may wait for others to share its request: as configured, or else as
    suits the vendor."""
    return limits.linger.total_seconds() if settings.linger is None else settings.linger
