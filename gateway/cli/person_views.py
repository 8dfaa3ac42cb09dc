"""What is stored about a person, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from gateway.cli.ledger_views import story_view
from gateway.cli.stored.views import sheet_in_words
from gateway.cli.terminal import cell, console, table
from gateway.event.text import utc
from gateway.ledger.answers import Story
from gateway.ledger.sought import Kind
from gateway.operations.person import Found
from gateway.operations.stored import Sheet
from gateway.queue.stored_events import StoredEvent

_OF: Mapping[Kind, str] = {"person": "a person", "order": "an order", "event": "an event"}


def print_found(found: Found, stories: Sequence[Story]) -> None:
    """Prints every event with its content, and the counts."""
    shown = console()
    for story in stories:
        shown.print(story_view(story))
        if story.payload is not None:
            click.echo(sheet_in_words(Sheet("content", {}, story.payload)))
    for name, entries in found.pending.items():
        for entry in entries:
            facts = {"received": f"{utc(entry.received_at)} from {entry.source}"}
            click.echo(sheet_in_words(Sheet(f"pending for {name}", facts, entry.event)))
    for name, letters in found.dead_letters.items():
        for letter in letters:
            click.echo(_stored(f"dead letter of {name}", letter))
    for each in found.quarantine:
        click.echo(_stored("in quarantine", each))
    print_counts(found)


def print_counts(found: Found) -> None:
    counts = table("Found", "where", "events", numbers=["events"])
    for where, number in found.counts():
        counts.add_row(cell(where), str(number))
    console().print(counts)
    if found.is_ambiguous:
        click.echo(_kinds_in_words(found))


def _kinds_in_words(found: Found) -> str:
    owners = [f"to {an} in {number}" for kind, an in _OF.items() if (number := found.kinds[kind])]
    return (
        f"Of these records, the id belongs {' and '.join(owners)}, so they may be about different "
        "people. Choose with --kind."
    )


def _stored(title: str, stored: StoredEvent) -> str:
    facts = {
        "reason": stored.reason,
        "received": f"{utc(stored.received_at)} from {stored.source}",
    }
    return sheet_in_words(Sheet(f"{title}, {stored.id}", facts, stored.event))
