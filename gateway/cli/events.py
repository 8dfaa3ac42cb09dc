"""`gateway events`: how events ended, in lists."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import CONFIG
from gateway.cli.stored.moment import check_period, period
from gateway.cli.stored.options import JSON, MAX_LISTED, check_utf8, with_options
from gateway.event.endings import ENDINGS

if TYPE_CHECKING:
    from gateway.ledger.answers import Listed, Wanted

TAIL_SECONDS = 1.0
"""Shortest time between two reads of the ledger; a slow read is followed by a longer pause."""
STORE_SECONDS = 120.0
"""How long the ledger may take to store an ending that is to be shown."""


def _pair(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, equals, _value) in zip(texts, pairs, strict=True):
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not FIELD=VALUE.")
    return [(name, value) for name, _, value in pairs]


EVENT_FILTERS = (
    click.option("--reason", help="Only endings with this text in the reason."),
    click.option("--event-name", help="Only events with this name."),
    click.option("--source", help="Only events that came in at this source."),
    *period("Received"),
    click.option(
        "--where",
        multiple=True,
        metavar="FIELD=VALUE",
        callback=_pair,
        help="Only events with this value of a field, such as `user_data.address.city=Berlin`. May "
        "be repeated. Events without content never match.",
    ),
)
FILTERS = (
    click.option("--destination", help="Only endings at this destination."),
    click.option("--ending", type=click.Choice(ENDINGS), help="Only endings of this kind."),
    *EVENT_FILTERS,
)


@click.group()
def events() -> None:
    """List how events ended, from the ledger."""


@events.command("list")
@with_options(*FILTERS)
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_LISTED),
    default=50,
    show_default=True,
    help="Maximum number of endings to list.",
)
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, without the events' content.")
@CONFIG
def list_events(limit: int, as_json: bool, as_csv: bool, config: Path, **filters: Any) -> None:
    """List endings, those of the newest events first.

    With --json, each line is one ending as a JSON object, with the content of the event that
    its destinations were allowed to have.
    """
    from gateway.cli.ledger import with_ledger

    if as_json and as_csv:
        raise click.UsageError("--json and --csv cannot be combined.")
    wanted = read_wanted(filters)
    with_ledger(
        config,
        lambda reader, _: _print(islice(reader.endings(wanted), limit), as_json, as_csv),
    )


@events.command("tail")
@with_options(*FILTERS)
@JSON
@CONFIG
def tail(as_json: bool, config: Path, **filters: Any) -> None:
    """Print endings as they are stored, until Ctrl-C."""
    from gateway.cli.ledger import with_ledger

    wanted = read_wanted(filters)
    since = wanted.since or time.time()

    def follow(reader: Any, _: object) -> None:
        # an event may end long after it came in, but most do within the hour
        first = max(since - 3600, wanted.since or 0.0)
        ended_since, seen = since, frozenset[tuple[str, str, int]]()
        while True:
            now = time.time()
            recent = replace(wanted, since=first, ended_since=ended_since)
            ended = [*reader.endings(recent)]
            _print_lines([each for each in reversed(ended) if _key(each) not in seen], as_json)
            seen = frozenset(map(_key, ended))
            ended_since = max(since, now - STORE_SECONDS)
            time.sleep(max(TAIL_SECONDS, 4 * (time.time() - now)))

    try:
        with_ledger(config, follow)
    except KeyboardInterrupt:
        return


def read_wanted(filters: dict[str, Any]) -> Wanted:
    """Reads the values of `FILTERS`. Raises `click.UsageError` if they contradict each other."""
    from gateway.ledger.answers import Wanted

    check_utf8(*filters.values())
    wanted = Wanted(**filters)
    check_period(wanted.since, wanted.until)
    return wanted


def _key(each: Listed) -> tuple[str, str, int]:
    return each.receipt, each.ending.destination, each.ending.passage


def _print(endings: Iterator[Listed], as_json: bool, as_csv: bool) -> None:
    from gateway.cli.ledger_views import listing
    from gateway.cli.terminal import console
    from gateway.ledger.csv_rows import COLUMNS, csv_row

    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows(map(csv_row, endings))
    elif as_json:
        _print_lines(endings, as_json)
    else:
        found = list(endings)
        if found:
            console().print(listing(found))
        else:
            click.echo("No such endings.")


def _print_lines(endings: Iterable[Listed], as_json: bool) -> None:
    from gateway.event.text import json_line, printable

    for each in endings:
        if as_json:
            click.echo(json_line(each))
        else:
            ending = each.ending
            words = f"{each.name} → {ending.destination}: {ending.ending}"
            click.echo(printable(f"{words}, {ending.reason}" if ending.reason else words))
