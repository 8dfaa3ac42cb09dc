"""`gateway trace`: the whole story of an event."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, fail
from gateway.cli.stored.options import JSON

if TYPE_CHECKING:
    from gateway.ledger.answers import Story


@click.command()
@click.argument("wanted", metavar="ID")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Maximum number of events to show.",
)
@JSON
@CONFIG
def trace(wanted: str, limit: int, as_json: bool, config: Path) -> None:
    """Show what happened to an event, for every destination.

    ID is the id of an event, of an order, of a client or of a user, or an e-mail address, or a
    receipt as `gateway events list` shows it. The newest events come first.

    An event that was withheld from all destinations is found by its own id and by that of its order
    alone: the ledger keeps nothing else of it.
    """
    from gateway.cli.ledger import with_ledger
    from gateway.event.text import json_text, printable
    from gateway.queue.receipts import RECEIPT

    def find(reader, digests):  # type: ignore[no-untyped-def]
        if RECEIPT.fullmatch(wanted) and (found := reader.story(wanted)):
            return [found]
        return list(reader.stories(digests.of_text(wanted), limit))

    stories: list[Story] = with_ledger(config, find)
    if not stories:
        fail(f"no event has the id {printable(wanted)!r} in the days that the ledger keeps", 1)
    if as_json:
        click.echo(json_text(stories))
        return
    from gateway.cli.ledger_views import story_view
    from gateway.cli.terminal import console

    shown = console()
    for story in stories:
        shown.print(story_view(story))
    if len(stories) == limit:
        click.echo(f"There may be more: these are the newest {limit} (--limit).", file=sys.stderr)
