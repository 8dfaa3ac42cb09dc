"""`gateway stats`: how many events ended how."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gateway.cli.options import CONFIG
from gateway.cli.stored.moment import check_period, period
from gateway.cli.stored.options import JSON, with_options

DIMENSIONS = {
    "destination": "",
    "event-name": "name",
    "source": "source",
    "reason": "reason",
    "consent": "consent",
    "country": "country",
    "browser": "browser",
    "delay": "delay",
}
WEEK = 7 * 86_400


@click.command()
@with_options(*period("Received", default="7d"))
@click.option(
    "--by",
    type=click.Choice(list(DIMENSIONS)),
    default="destination",
    show_default=True,
    help="What to count events by, within each destination.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Values that have a row of their own, for each destination.",
)
@JSON
@CONFIG
def stats(
    since: float | None, until: float | None, by: str, top: int, as_json: bool, config: Path
) -> None:
    """Count how events ended, by destination.

    Events are counted by the time at which they came in, whenever they ended. What was accepted and
    is not in another column is pending or held. Days that the ledger has removed are counted by
    whole hours.
    """
    from gateway.cli.ledger import with_ledger
    from gateway.event.text import json_text

    until = time.time() if until is None else until
    since = until - WEEK if since is None else since
    check_period(since, until)
    counts = with_ledger(config, lambda reader, _: reader.counts(since, until, DIMENSIONS[by]))
    if as_json:
        rows = [
            {by: value, "destination": destination, "ending": ending, "events": number}
            if DIMENSIONS[by]
            else {"destination": destination, "ending": ending, "events": number}
            for (value, destination, ending), number in sorted(counts.items())
        ]
        click.echo(json_text(rows))
        return
    if not counts:
        click.echo("No events in this time.")
        return
    from gateway.cli.ledger_views import counts_view
    from gateway.cli.terminal import console

    console().print(counts_view(counts, "" if by == "destination" else by, top))
