"""Settings of a destination's delivery."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from destinations.base import Limits


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
        description="Most events that may be pending. None is dropped: at 70 % of the limit, "
        "further events of senders without a key are refused (503), and at 95 % those of all.",
    )
    max_pending_bytes: PositiveInt | None = Field(
        default=None,
        description="Most bytes that pending events may take, with the same consequences. By "
        "default, all destinations have equal parts of 40 % of the memory of Redis.",
    )
    max_dead_letters: PositiveInt = Field(
        default=100_000,
        description="Most dead letters that are kept. At more, the oldest are removed: first those "
        "of senders that are not trusted, then any.",
    )
    max_dead_letter_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Most bytes that its dead letters may take together. At more, they are removed "
        "in the same order.",
    )
    max_dead_letter_days: PositiveFloat = Field(
        default=30, le=36_500, description="Days after which a dead letter is removed."
    )
    max_age: PositiveFloat | None = Field(
        default=None,
        le=3_153_600_000,
        description="Seconds after which an event is not sent any more, and is no longer accepted; "
        "by default what the vendor accepts.",
    )


def deadline(settings: DeliverySettings, limits: Limits) -> timedelta:
    """How old an event may be: as configured, else as old as the vendor accepts it."""
    return timedelta(seconds=settings.max_age) if settings.max_age else limits.max_age
