"""`gateway refused`: shows what was refused, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL, load_in_force, with_redis

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.configuration.settings import Settings


@click.group()
def refused() -> None:
    """List requests and events that were refused."""


@refused.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="Maximum number of requests, and of events, to list.",
)
@CONFIG
@REDIS_URL
def list_refused(as_json: bool, limit: int, config: Path, redis_url: str | None) -> None:
    """List a sample of the refused requests and events of the last 24 hours.

    Requests are listed by where they went and why they were refused, with a hint, those of a known
    protocol first. Events have the type of their values in place of the values.
    """
    settings = load_in_force(config).settings
    with_redis(settings, redis_url, lambda redis, _: _print(redis, settings, limit, as_json))


async def _print(redis: Redis, settings: Settings, limit: int, as_json: bool) -> None:
    from gateway.cli.refused_views import events_view, requests_view
    from gateway.cli.terminal import console
    from gateway.event.text import json_text
    from gateway.explain.refused_words import as_rows
    from gateway.queue.keys import Keys
    from gateway.queue.refused import read_refused
    from gateway.queue.refused_requests import read_refused_requests, useful_first

    keys = Keys.of(settings)
    now = float((await redis.time())[0])
    requests = useful_first(await read_refused_requests(redis, keys, now))[:limit]
    events = await read_refused(redis, keys, limit)
    if as_json:
        click.echo(json_text(as_rows(requests, events, settings.sources)))
        return
    if not requests and not events:
        click.echo("No refused requests or events.")
        return
    if requests:
        console().print(requests_view(requests, settings.sources))
    if events:
        console().print(events_view(events))
