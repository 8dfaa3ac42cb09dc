"""Retry policy of a destination: settings, and pure functions of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from destinations.base import Destination, Outcome
from gateway.configuration.delivery import DeliverySettings, MaxAge, deadline

JITTER = 0.2
FAILURES_BEFORE_PAUSE = 5
"""How many requests in a row fail as a whole before a destination is paused. One event that always
makes a vendor's server fail must not hold up the others."""

MAX_LONE_TRIES = 3
"""Limits the wait of a single suspect: it waits as after so many tries at most. By default, that is
two minutes."""


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How often a request is tried, and when its events are given up.

    tries: how often it is sent before its entries wait for a later retry. max_age: the deadline of
    an event. give_up: whether an event that may have been delivered is given up if the vendor would
    not recognise a repetition.
    """

    tries: int
    max_age: MaxAge
    give_up: bool = False

    @classmethod
    def of(cls, settings: DeliverySettings, destination: Destination[Any]) -> "SendPolicy":
        give_up = settings.on_ambiguous == "give_up"
        return cls(settings.tries, deadline(settings, destination), give_up)


def waits(backoff: Sequence[float]) -> Callable[[int, bytes], float]:
    """`wait_before_retry` for one destination."""
    return lambda deliveries, entry_id: wait_before_retry(backoff, deliveries, entry_id)


def wait_before_retry(backoff: Sequence[float], deliveries: int, entry_id: bytes) -> float:
    """Seconds that an entry waits after `deliveries` deliveries; 0 if none has been spent.

    The jitter comes from the entry's id, so that every process computes the same time without
    storing it.
    """
    if deliveries < 1:
        return 0.0
    step = backoff[min(deliveries, len(backoff)) - 1]
    spread = crc32(b"%s:%d" % (entry_id, deliveries)) / 0xFFFFFFFF
    return step * (1 - JITTER + 2 * JITTER * spread)


def is_throttled(failure: Outcome) -> bool:
    """Whether the vendor asks to wait, as with HTTP 429."""
    return failure.scope == "destination" and failure.retry_after is not None


def is_verdict(outcome: Outcome) -> bool:
    """Whether the vendor says that it takes nothing until the configuration is corrected."""
    return outcome.result == "retry" and outcome.scope == "configuration"


def takes_nothing_now(failure: Outcome) -> bool:
    """Whether the destination takes no events now, so that a try does not count."""
    return failure.scope == "configuration" or is_throttled(failure)


def is_expired(timestamp: float, now: float, max_age: timedelta) -> bool:
    """Whether an event of `timestamp` (Unix seconds) is past a destination's deadline."""
    return now - timestamp > max_age.total_seconds()
