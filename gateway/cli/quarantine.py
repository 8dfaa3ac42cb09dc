"""`gateway quarantine`: what an operator can do with events that did not match their schema."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import load_in_force, with_redis
from gateway.cli.stored.commands import Help, add_commands, selection
from gateway.cli.stored.options import DRY_RUN, RATE, YES, read_filter

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.operations.quarantine import InQuarantine

HELP = Help(
    list="Count events by name and reason and list the newest.",
    show="Show the details of an event, by its event id or by the id of its entry.",
    drop="Delete events in quarantine permanently.",
)


@click.group()
def quarantine() -> None:
    """List, show, release or drop events that did not match their schema."""


@quarantine.command()
@selection()
@RATE
@click.option(
    "--anyway", is_flag=True, help="Release events even if they do not match the current schemas."
)
@YES
@DRY_RUN
def release(rate: int, anyway: bool, yes: bool, dry_run: bool, **options: Any) -> None:
    """Release events that match the current schemas.

    The current configuration decides where they go.
    """
    from gateway.cli.quarantine_actions import release as release_events

    _run(options, lambda chosen: release_events(chosen, rate, anyway, yes, dry_run))


def _run(
    options: dict[str, Any], action: Callable[[InQuarantine], Coroutine[Any, Any, None]]
) -> None:
    """Runs `action` on what the common options select."""
    from gateway.cli.operator_action import operator_action
    from gateway.operations.quarantine import InQuarantine

    settings, redis_url = load_in_force(options.pop("config")).settings, options.pop("redis_url")
    wanted = read_filter(options)

    async def act(redis: Redis, jobs_url: str) -> None:
        note = operator_action(settings).note_events
        await action(InQuarantine.of(redis, jobs_url, settings, wanted, note))

    with_redis(settings, redis_url, act)


add_commands(quarantine, [], _run, HELP)
