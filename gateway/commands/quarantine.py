"""`gateway quarantine`: what an operator can do with events that did not fit their schema."""

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
    from pathlib import Path

    from redis.asyncio import Redis

    from gateway.commands.quarantine_actions import Selection

selection = with_options(*FILTERS, CONFIG, REDIS_URL)


@click.group()
def quarantine() -> None:
    """List, show, release or drop events that did not fit their schema."""


@quarantine.command("list")
@selection
@LIMIT
def list_events(limit: int, **options: Any) -> None:
    """Count events by name and reason, and list the newest."""
    from gateway.commands.quarantine_actions import list_newest

    _act(options, lambda chosen: list_newest(chosen, limit))


@quarantine.command()
@click.argument("event_id")
@JSON
@CONFIG
@REDIS_URL
def show(event_id: str, as_json: bool, config: Path, redis_url: str | None) -> None:
    """Show all that is known of an event, by its id or the id of its entry."""
    from gateway.commands.quarantine_actions import show as show_events

    with_redis(load(config), redis_url, lambda redis, _: show_events(redis, event_id, as_json))


@quarantine.command()
@selection
@RATE
@click.option("--anyway", is_flag=True, help="Do not check them against today's schemas.")
@YES
@DRY_RUN
def release(rate: int, anyway: bool, yes: bool, dry_run: bool, **options: Any) -> None:
    """Let the events go on that fit today's schemas, as the configuration is today."""
    from gateway.commands.quarantine_actions import release as release_events

    _act(options, lambda chosen: release_events(chosen, rate, anyway, yes, dry_run))


@quarantine.command()
@selection
@YES
@DRY_RUN
def drop(yes: bool, dry_run: bool, **options: Any) -> None:
    """Delete events in quarantine for good."""
    from gateway.commands.quarantine_actions import drop as drop_events

    _act(options, lambda chosen: drop_events(chosen, yes, dry_run))


def _act(options: dict[str, Any], action: Callable[[Selection], Coroutine[Any, Any, None]]) -> None:
    """Runs `action` on what the common options select."""
    from gateway.commands.quarantine_actions import Selection

    settings, redis_url = load(options.pop("config")), options.pop("redis_url")
    wanted = read_filter(options)

    async def act(redis: Redis, jobs_url: str) -> None:
        await action(Selection(redis, jobs_url, settings, wanted))

    with_redis(settings, redis_url, act)
