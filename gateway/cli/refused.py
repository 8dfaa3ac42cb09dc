"""`gateway refused`: shows the structure of refused events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL, load_in_force, with_redis

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.queue.keys import Keys


@click.group()
def refused() -> None:
    """List events that were refused because they could not be read."""


@refused.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help=("Maximum number of events to list."),
)
@CONFIG
@REDIS_URL
def list_refused(as_json: bool, limit: int, config: Path, redis_url: str | None) -> None:
    """List a sample of the refused events of the last 24 hours, newest first.

    Each has the type of its values in place of the values.
    """
    from gateway.queue.keys import Keys

    settings = load_in_force(config).settings
    keys = Keys.of(settings)
    with_redis(settings, redis_url, lambda redis, _: _print(redis, keys, limit, as_json))


async def _print(redis: Redis, keys: Keys, limit: int, as_json: bool) -> None:
    from dataclasses import asdict

    from gateway.cli.terminal import cell, console, table, utc
    from gateway.event.text import json_text
    from gateway.queue.refused import read_refused

    events = await read_refused(redis, keys, limit)
    if as_json:
        click.echo(json_text([asdict(each) for each in events]))
        return
    if not events:
        click.echo("No refused events.")
        return
    shown = table(f"{len(events)} refused events", "refused", "source", "reason", "event")
    for each in events:
        event = " ".join(json_text(each.shape).split())
        shown.add_row(cell(utc(each.at)), cell(each.source), cell(each.reason), cell(event))
    console().print(shown)
