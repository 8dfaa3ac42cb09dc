"""`gateway dead-letters`: what an operator can do with events that were not delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.commands.moment import moment
from gateway.commands.options import CONFIG, REDIS_URL, load, with_redis

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from redis.asyncio import Redis

    from gateway.commands.dead_letter_actions import Selection

Command = TypeVar("Command", bound=Callable[..., Any])

DESTINATION = click.option(
    "--destination",
    "destinations",
    multiple=True,
    help="Only this one; may be repeated. By default all, also those that are not configured any "
    "more.",
)
FILTERS = (
    DESTINATION,
    click.option("--reason", help="Only with these words in the reason."),
    click.option("--event-name", help="Only events of this name."),
    click.option("--event-id", help="Only the event with this id."),
    click.option(
        "--since", type=moment, help="Ended since then: an age (90s, 15m, 2h, 3d) or ISO 8601."
    ),
    click.option("--until", type=moment, help="Ended until then."),
)
YES = click.option("--yes", is_flag=True, help="Do not ask.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Only count, change nothing.")


def selection(command: Command) -> Command:
    """Gives `command` the options that say which dead letters are meant."""
    for option in reversed((*FILTERS, CONFIG, REDIS_URL)):
        command = option(command)
    return command


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, replay or drop events that were rejected or have expired."""


@dead_letters.command("list")
@selection
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="How many to list."
)
def list_letters(limit: int, **options: Any) -> None:
    """Count dead letters by reason, and list the newest."""
    from gateway.commands.dead_letter_actions import list_newest

    _act(options, lambda chosen: list_newest(chosen, limit))


@dead_letters.command()
@click.argument("event_id")
@DESTINATION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG
@REDIS_URL
def show(event_id: str, as_json: bool, **options: Any) -> None:
    """Show all that is known of an event, by its id or the id of its dead letter."""
    from gateway.commands.dead_letter_actions import show as show_letters

    _act(options, lambda chosen: show_letters(chosen, event_id, as_json))


@dead_letters.command()
@selection
@click.option(
    "--rate",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="Events per second at most.",
)
@click.option(
    "--include-expired", is_flag=True, help="Replay those past the deadline too: they expire again."
)
@YES
@DRY_RUN
def replay(rate: int, include_expired: bool, yes: bool, dry_run: bool, **options: Any) -> None:
    """Send dead letters again, as the configuration is today."""
    from gateway.commands.dead_letter_actions import replay as replay_letters

    _act(options, lambda chosen: replay_letters(chosen, rate, include_expired, yes, dry_run))


@dead_letters.command()
@selection
@YES
@DRY_RUN
def drop(yes: bool, dry_run: bool, **options: Any) -> None:
    """Delete dead letters for good."""
    from gateway.commands.dead_letter_actions import drop as drop_letters

    _act(options, lambda chosen: drop_letters(chosen, yes, dry_run))


def _act(options: dict[str, Any], action: Callable[[Selection], Coroutine[Any, Any, None]]) -> None:
    """Runs `action` on what the common options select."""
    from gateway.commands.dead_letter_actions import Selection
    from gateway.commands.dead_letter_targets import find_targets
    from gateway.queue.dead_letters import Filter

    settings, redis_url = load(options.pop("config")), options.pop("redis_url")
    names = options.pop("destinations")
    wanted = Filter(**options)
    if wanted.until is not None and (wanted.since or 0.0) > wanted.until:
        raise click.UsageError("--since is later than --until.")

    async def act(redis: Redis, url: str) -> None:
        targets = await find_targets(redis, settings, names)
        await action(Selection(redis, url, targets, wanted))

    with_redis(settings, redis_url, act)
