"""Events with their endings, as lists show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gateway.console.personal import QUOTES_PERSON, text_without_personal, without_personal
from gateway.event import Event
from gateway.ledger.answers import Ending, Listed, Story


@dataclass(frozen=True, slots=True)
class EventRow:
    """received_at: Unix seconds. event: its content without personal data, None if it was not kept.
    endings: those that the list is about."""

    receipt: str
    received_at: float
    name: str
    source: str
    event: Event | None
    endings: Sequence[Ending]


def rows_of_endings(found: Iterable[Listed]) -> list[EventRow]:
    """One for each event of `found`, in which the endings of an event follow each other."""
    rows = []
    for _, group in groupby(found, key=lambda each: each.receipt):
        listed = [*group]
        first = listed[0]
        rows.append(
            EventRow(
                first.receipt,
                first.received_at,
                first.name,
                first.source,
                None if first.payload is None else without_personal(first.payload),
                [shown_ending(each.ending, first.payload) for each in listed],
            )
        )
    return rows


def row_of_story(story: Story) -> EventRow:
    return EventRow(
        story.receipt,
        story.at,
        story.name,
        story.source,
        None if story.payload is None else without_personal(story.payload),
        [shown_ending(each, story.payload) for each in story.endings],
    )


def shown_ending(ending: Ending, event: Event | None) -> Ending:
    """`ending` of `event` without personal data."""
    attempts = [
        replace(each, reason=text_without_personal(each.reason, event)) for each in ending.attempts
    ]
    reason = text_without_personal(ending.reason, event)
    return replace(ending, reason=reason, attempts=attempts)


def is_told(listed: Listed, reason: str | None) -> bool:
    """Whether everybody may see the part `reason`, which was searched for, in the ending's reason;
    True without one. Otherwise, finding the ending would reveal hidden text letter by letter."""
    if reason is None:
        return True
    shown = text_without_personal(listed.ending.reason, listed.payload)
    return shown != QUOTES_PERSON and reason.lower() in shown.lower()


def shown_listed(listed: Listed) -> Listed:
    """`listed` without personal data."""
    event = listed.payload
    ending = shown_ending(listed.ending, event)
    return replace(
        listed, ending=ending, payload=None if event is None else without_personal(event)
    )
