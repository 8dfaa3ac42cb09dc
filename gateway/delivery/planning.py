"""Planning: turns events of one destination into requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from destinations.base import Destination, Outcome, Request, Unsendable
from gateway.configuration.delivery import MaxAge
from gateway.delivery.policy import is_expired
from gateway.queue.entry import Entry

log = logging.getLogger(__name__)

ERASED = "the person was erased (gateway erase)"

IsErased = Callable[[Entry], bool]


def none_erased(_: Entry) -> bool:
    return False


@dataclass(slots=True)
class Shipment:
    """A request to be sent, and the entries that it carries.

    part_of: identifies the refused batch that this is a part of; None for any other request.
    planned_at: in seconds, monotonic.
    """

    entries: Sequence[Entry]
    request: Request
    part_of: object | None = None
    planned_at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Ended:
    """An entry that ends unsent: it has expired, no request can be made of it, or its person was
    erased.

    at: Unix seconds. withheld: whether the ending is `withheld`, whatever the outcome says.
    """

    entry: Entry
    outcome: Outcome
    at: float
    withheld: bool = False


def plan(
    destination: Destination[Any],
    entries: Sequence[Entry],
    max_age: MaxAge,
    now: float,
    is_erased: IsErased = none_erased,
) -> Iterator[Shipment | Ended]:
    """The requests that carry `entries`, and the entries that end unsent.

    An entry past `max_age` expires. It is rejected if it is unreadable, or if the destination can
    make no request of it, and withheld if its person was erased.
    now: Unix seconds.
    """
    fresh: list[Entry] = []
    for entry in entries:
        if is_erased(entry):
            yield Ended(entry, Outcome("rejected", ERASED), now, withheld=True)
        elif entry.unreadable:
            yield Ended(entry, Outcome("rejected", entry.unreadable), now)
        elif is_expired(time_of(entry), now, limit := max_age(entry.event)):
            hours = (now - time_of(entry)) / 3600
            deadline = limit / timedelta(hours=1)
            reason = f"{hours:.1f} hours old; the deadline is {deadline:g} hours"
            yield Ended(entry, Outcome("expired", reason), now)
        else:
            fresh.append(entry)
    try:
        requests = list(destination.requests([entry.event for entry in fresh], now))
        _check_positions(requests, len(fresh))
    except Exception as error:
        yield from _plan_one_by_one(destination, fresh, max_age, now, error)
        return
    for made in requests:
        if isinstance(made, Unsendable):
            yield Ended(fresh[made.event], Outcome("rejected", made.reason), now)
        else:
            yield Shipment([fresh[position] for position in made.events], made)


def time_of(entry: Entry) -> float:
    """When the event happened, or was received if a rule has removed its time. Unix seconds."""
    timestamp = entry.event.get("timestamp")
    return timestamp if isinstance(timestamp, int | float) else entry.received_at


def _check_positions(requests: Sequence[Request | Unsendable], count: int) -> None:
    """Raises ValueError unless each event is in exactly one request, or is unsendable."""
    positions: list[int] = []
    for made in requests:
        positions += [made.event] if isinstance(made, Unsendable) else made.events
    if sorted(positions) != list(range(count)):
        raise ValueError("the requests must contain each event exactly once")


def _plan_one_by_one(
    destination: Destination[Any],
    entries: Sequence[Entry],
    max_age: MaxAge,
    now: float,
    error: Exception,
) -> Iterator[Shipment | Ended]:
    """Plans each entry by itself, so that a fault in a destination's code rejects only the event
    that causes it."""
    if len(entries) == 1:
        log.error("%s could not build a request: %s", destination.type, type(error).__name__)
        outcome = Outcome("rejected", f"the request could not be built: {type(error).__name__}")
        yield Ended(entries[0], outcome, now)
        return
    for entry in entries:
        yield from plan(destination, [entry], max_age, now)
