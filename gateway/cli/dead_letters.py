"""`gateway dead-letters`: what an operator can do with events that were not delivered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import CONFIG, REDIS_URL, load_in_force, with_redis
from gateway.cli.stored.commands import Help, add_commands, selection
from gateway.cli.stored.options import DRY_RUN, RATE, YES, read_filter, with_options

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.operations.dead_letters import DeadLetters

DESTINATION = click.option(
    "--destination",
    "destinations",
    multiple=True,
    help="Only this destination. Repeat the option for several. By default all destinations, "
    "including those removed from the configuration.",
)
HELP = Help(
    list="Count dead letters by reason and list the newest.",
    show="Show the details of an event, by its event id or by the id of its dead letter.",
    drop="Delete dead letters permanently.",
)


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, edit, replay or drop events that were rejected or that expired."""


@dead_letters.command()
@selection(DESTINATION)
@RATE
@click.option(
    "--include-expired",
    is_flag=True,
    help="Also replay events past their deadline. They will expire again.",
)
@click.option(
    "--apply-rules",
    is_flag=True,
    help="First apply the rules that have not been applied to an event yet.",
)
@YES
@DRY_RUN
def replay(
    rate: int,
    include_expired: bool,
    apply_rules: bool,
    yes: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Send dead letters again, with the current configuration."""
    from gateway.cli.dead_letter_actions import replay as replay_letters

    _run(
        options,
        lambda chosen: replay_letters(chosen, rate, include_expired, apply_rules, yes, dry_run),
    )


@dead_letters.command()
@click.argument("event_id")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="Set a field to a value, which is JSON or text. Repeat the option for several fields.",
)
@click.option(
    "--unset",
    "removals",
    multiple=True,
    metavar="PATH",
    help=("Remove a field. Repeat the option for several fields."),
)
@with_options(DESTINATION, YES, DRY_RUN, CONFIG, REDIS_URL)
def edit(
    event_id: str,
    changes: tuple[str, ...],
    removals: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Change an event, given by its event id or by the id of its dead letter, and send it again."""
    if not changes and not removals:
        raise click.UsageError("Nothing would change: use --set PATH=VALUE or --unset PATH.")
    from gateway.cli.dead_letter_actions import edit as edit_letter

    _run(options, lambda chosen: edit_letter(chosen, event_id, changes, removals, yes, dry_run))


def _run(
    options: dict[str, Any], action: Callable[[DeadLetters], Coroutine[Any, Any, None]]
) -> None:
    """Runs `action` on what the common options select."""
    from gateway.cli.operator_action import operator_action
    from gateway.operations.dead_letter_targets import find_targets
    from gateway.operations.dead_letters import DeadLetters

    settings, redis_url = load_in_force(options.pop("config")).settings, options.pop("redis_url")
    names = options.pop("destinations")
    wanted = read_filter(options)

    async def act(redis: Redis, jobs_url: str) -> None:
        targets = await find_targets(redis, settings, names)
        note = operator_action(settings).note_events
        await action(DeadLetters.of(redis, settings, jobs_url, targets, wanted, note))

    with_redis(settings, redis_url, act)


add_commands(dead_letters, [DESTINATION], _run, HELP)
