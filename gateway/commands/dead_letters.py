"""`gateway dead-letters`: what an operator can do with events that were not delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gateway.commands.kept_options import (
    DRY_RUN,
    FILTERS,
    JSON,
    LIMIT,
    RATE,
    YES,
    read_filter,
    with_options,
)
from gateway.commands.options import CONFIG, REDIS_URL, load, with_redis

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from redis.asyncio import Redis

    from gateway.commands.dead_letter_actions import Selection

DESTINATION = click.option(
    "--destination",
    "destinations",
    multiple=True,
    help="Only this one; may be repeated. By default all, also those that are not configured any "
    "more.",
)
selection = with_options(DESTINATION, *FILTERS, CONFIG, REDIS_URL)


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show, replay or drop events that were rejected or have expired."""


@dead_letters.command("list")
@selection
@LIMIT
def list_letters(limit: int, **options: Any) -> None:
    """Count dead letters by reason, and list the newest."""
    from gateway.commands.dead_letter_actions import list_newest

    _act(options, lambda chosen: list_newest(chosen, limit))


@dead_letters.command()
@click.argument("event_id")
@DESTINATION
@JSON
@CONFIG
@REDIS_URL
def show(event_id: str, as_json: bool, **options: Any) -> None:
    """Show all that is known of an event, by its id or the id of its dead letter."""
    from gateway.commands.dead_letter_actions import show as show_letters

    _act(options, lambda chosen: show_letters(chosen, event_id, as_json))


@dead_letters.command()
@selection
@RATE
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

    settings, redis_url = load(options.pop("config")), options.pop("redis_url")
    names = options.pop("destinations")
    wanted = read_filter(options)

    async def act(redis: Redis, jobs_url: str) -> None:
        targets = await find_targets(redis, settings, names)
        await action(Selection(redis, jobs_url, targets, wanted))

    with_redis(settings, redis_url, act)
