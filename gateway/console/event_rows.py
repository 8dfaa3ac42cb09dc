"""Events with their endings, as lists show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gateway.console.personal import (
    recorded_reason_without_personal,
    shown_parts,
    shows_as_is,
    without_personal,
)
from gateway.event import Event
from gateway.ledger.answers import Attempt, Ending, Listed, Story, Wanted


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
    attempts = [replace(each, reason=_reason(each, event)) for each in ending.attempts]
    return replace(ending, reason=_reason(ending, event), attempts=attempts)


def _reason(of: Ending | Attempt, event: Event | None) -> str:
    return recorded_reason_without_personal(of.reason, of.status, event)


def tells_hidden(wanted: Wanted) -> bool:
    """Whether `wanted` may select endings by what is hidden."""
    return wanted.reason is not None or bool(wanted.where)


def is_told(listed: Listed, wanted: Wanted) -> bool:
    """Whether everybody may see the part of the reason and the values of the fields by which
    `listed` was found. Otherwise, finding it would reveal hidden text letter by letter."""
    if wanted.reason is not None:
        part, shown = wanted.reason.lower(), shown_parts(_reason(listed.ending, listed.payload))
        if not any(part in each.lower() for each in shown):
            return False
    return not wanted.where or shows_as_is(listed.payload or {}, [path for path, _ in wanted.where])


def shown_listed(listed: Listed) -> Listed:
    """`listed` without personal data."""
    event = listed.payload
    ending = shown_ending(listed.ending, event)
    return replace(
        listed, ending=ending, payload=None if event is None else without_personal(event)
    )
