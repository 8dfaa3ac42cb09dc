"""Destinations as operations know them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from destinations.base import Event
from gateway.configuration.delivery import MaxAge, deadline
from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.delivery.policy import is_expired
from gateway.queue.stored_events import StoredEvent

Mask = Callable[[str], str]


def _never(_: Event) -> timedelta:
    return timedelta.max


@dataclass(frozen=True, slots=True)
class Target:
    """A destination as it is configured now. max_age: its deadline. mask: hides its secrets.
    removed: whether it is no longer configured; then only its name is known."""

    name: str
    max_age: MaxAge = _never
    mask: Mask = str
    dry_run: bool = False
    removed: bool = False

    @classmethod
    def of(cls, name: str, settings: ForwardingSettings) -> Target:
        destination = build_destination(settings)
        max_age = deadline(settings.delivery, destination)
        return cls(name, max_age, destination.mask, settings.dry_run)

    def is_overdue(self, stored: StoredEvent, now: float) -> bool:
        """Whether `stored` would only expire."""
        return is_expired(stored.happened_at, now, self.max_age(stored.event))


def dry_run_notes(targets: Iterable[Target], concerned: Collection[str]) -> Iterator[str]:
    """Says which of `targets` that are `concerned` send nothing."""
    for target in targets:
        if target.dry_run and target.name in concerned:
            yield (
                f"{target.name} has dry_run: its events will be counted as delivered but not sent."
            )
