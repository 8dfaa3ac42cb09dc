"""The commands for every kind of stored events: list, show and drop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import CONFIG, REDIS_URL
from gateway.cli.stored.options import DRY_RUN, FILTERS, JSON, LIMIT, YES, with_options

if TYPE_CHECKING:
    from gateway.operations.stored import Selection

Action = Callable[["Selection[Any]"], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Help:
    """The help text of each command."""

    list: str
    show: str
    drop: str


def selection(*where: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The options that select events. where: options that come before the others."""
    return with_options(*where, *FILTERS, CONFIG, REDIS_URL)


def add_commands(
    group: click.Group,
    where: Sequence[Callable[[Any], Any]],
    run: Callable[[dict[str, Any], Action], None],
    text: Help,
) -> None:
    """Adds the commands to `group`. where: the options that say where the events are. run: runs an
    action on the events that the values of the options select."""

    @group.command("list", help=text.list)
    @selection(*where)
    @LIMIT
    def list_events(limit: int, **options: Any) -> None:
        from gateway.cli.stored.actions import list_newest

        run(options, lambda chosen: list_newest(chosen, limit))

    @group.command(help=text.show)
    @click.argument("event_id")
    @with_options(*where, JSON, CONFIG, REDIS_URL)
    def show(event_id: str, as_json: bool, **options: Any) -> None:
        from gateway.cli.stored.actions import show as show_events

        run(options, lambda chosen: show_events(chosen, event_id, as_json))

    @group.command(help=text.drop)
    @selection(*where)
    @YES
    @DRY_RUN
    def drop(yes: bool, dry_run: bool, **options: Any) -> None:
        from gateway.cli.stored.actions import drop as drop_events

        run(options, lambda chosen: drop_events(chosen, yes, dry_run))
