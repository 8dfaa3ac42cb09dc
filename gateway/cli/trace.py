"""`gateway trace`: the whole story of an event."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, fail, load_in_force
from gateway.cli.stored.options import JSON, check_utf8

if TYPE_CHECKING:
    from gateway.configuration.settings import Settings
    from gateway.explain.explain import Explanation
    from gateway.ledger.answers import Story
    from gateway.ledger.digests import EventDigests
    from gateway.ledger.reading import LedgerReader


@click.command()
@click.argument("wanted", metavar="ID")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Maximum number of events to show.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Also show what today's configuration decides about each event, and the requests that "
    "it would send, next to what was decided when the event came in.",
)
@JSON
@CONFIG
def trace(wanted: str, limit: int, explained: bool, as_json: bool, config: Path) -> None:
    """Show what happened to an event, for every destination.

    ID is the id of an event, of an order, of a client or of a user, or an e-mail address, a phone
    number, or a receipt as `gateway events list` shows it. The newest events come first.

    An event that was withheld from all destinations is found only by its own id and that of its
    order: the ledger keeps nothing else of it.
    """
    from gateway.cli.ledger import with_ledger_of
    from gateway.event.text import printable
    from gateway.operations.stories import explain_stories, find_stories

    check_utf8(wanted)
    settings = load_in_force(config).settings

    def find(reader: LedgerReader, digests: EventDigests) -> tuple[list[Story], list[Explanation]]:
        stories = find_stories(reader, digests, wanted, limit)
        return stories, explain_stories(settings, reader, stories, today=explained)

    stories, explanations = with_ledger_of(settings, find)
    if not stories:
        fail(f"no event has the id {printable(wanted)!r} in {_what_is_kept(settings)}", 1)
    if as_json:
        _print_json(stories, explanations, explained)
        return
    _print(stories, explanations, explained)
    if len(stories) == limit:
        click.echo(f"There may be more: these are the newest {limit} (--limit).", file=sys.stderr)


def _what_is_kept(settings: Settings) -> str:
    days = "the days that the ledger keeps"
    if settings.ledger.successes == "all":
        return days
    return f"{days}. It does not keep all events that were delivered (ledger.successes)"


def _print_json(stories: list[Story], explanations: list[Explanation], explained: bool) -> None:
    from dataclasses import asdict

    from gateway.event.text import json_text

    told = [asdict(story) for story in stories]
    for each, explanation in zip(told, explanations, strict=True):
        each["changed"] = explanation["happened"]
        if explained:
            each["explanation"] = {k: v for k, v in explanation.items() if k != "happened"}
    click.echo(json_text(told))


def _print(stories: list[Story], explanations: list[Explanation], explained: bool) -> None:
    from gateway.cli.happened_view import happened_in_words
    from gateway.cli.ledger_views import story_view
    from gateway.cli.terminal import console
    from gateway.cli.then_and_today_view import then_and_today_in_words

    shown = console()
    for story, explanation in zip(stories, explanations, strict=True):
        shown.print(story_view(story))
        click.echo(happened_in_words(explanation["happened"]))
        if explained:
            click.echo(then_and_today_in_words(explanation))
