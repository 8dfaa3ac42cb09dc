"""Age: finds the destinations for which an incoming event is too old.

Such an event is withheld from them at once and not stored, since it could only expire. An event
that becomes too old while it is pending expires in the drain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from math import ceil

from gateway.configuration.delivery import MaxAge, deadline, shortest_deadline
from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.event import Event

Overdue = Mapping[str, str]
"""The destinations for which an event is too old, by name, each with the reason in words."""

_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def compile_deadlines(
    destinations: Mapping[str, ForwardingSettings],
) -> Callable[[Event, float], Overdue]:
    """The function from an event and the time of its receipt (Unix seconds) to those destinations
    for which it is too old: older than `delivery.max_age`, by default what the vendor accepts."""
    max_ages: dict[str, MaxAge] = {}
    shortest = timedelta.max
    for name, settings in destinations.items():
        destination = build_destination(settings)
        max_ages[name] = deadline(settings.delivery, destination)
        shortest = min(shortest, shortest_deadline(settings.delivery, destination.limits))
    any_age = shortest.total_seconds()

    def overdue(event: Event, received_at: float) -> Overdue:
        age: float = received_at - event["timestamp"]
        if age <= any_age:
            return {}
        limits = {name: max_age(event).total_seconds() for name, max_age in max_ages.items()}
        return {name: _reason(name, age, limit) for name, limit in limits.items() if age > limit}

    return overdue


def _reason(name: str, age: float, limit: float) -> str:
    return f"the event is {in_words(age)} old; {name} accepts events up to {in_words(limit)} old"


def in_words(seconds: float) -> str:
    """`seconds` in words, in the largest unit of which there are at least two. Rounded up to a
    tenth, so that a longer time is never shown as a shorter one."""
    unit, size = next((each for each in _UNITS if seconds >= 2 * each[1]), _UNITS[-1])
    return f"{ceil(10 * seconds / size) / 10:g} {unit}"
