"""Options of the commands about stored events: which to select, and how to treat them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from gateway.cli.stored.moment import check_period, period

if TYPE_CHECKING:
    from gateway.queue.stored_events import Filter

Command = TypeVar("Command", bound=Callable[..., Any])

FILTERS = (
    click.option("--reason", help="Only events with this text in the reason."),
    click.option("--event-name", help="Only events with this name."),
    click.option("--event-id", help="Only the event with this id."),
    *period("Stored"),
)
MAX_LISTED = 1_000_000_000
LIMIT = click.option(
    "--limit",
    type=click.IntRange(0, MAX_LISTED),
    default=20,
    show_default=True,
    help="Maximum number of events to list.",
)
RATE = click.option(
    "--rate",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="Maximum number of events per second.",
)
YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Show what would happen, and change nothing."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that gives a command `options`, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def check_utf8(*given: object) -> None:
    """Raises `click.UsageError` when a text in `given` is not UTF-8, as from a file in another
    encoding: no event has it, so "nothing was found" would mislead."""
    try:
        orjson.dumps(given)
    except TypeError:
        raise click.UsageError(
            "A value on the command line is not UTF-8, so no event can have it. Convert the file "
            "or the terminal that it comes from."
        ) from None


def read_filter(options: dict[str, Any]) -> Filter:
    """Reads the values of `FILTERS`. Raises `click.UsageError` if they contradict each other."""
    from gateway.queue.stored_events import Filter

    check_utf8(*options.values())
    wanted = Filter(**options)
    check_period(wanted.since, wanted.until)
    return wanted
