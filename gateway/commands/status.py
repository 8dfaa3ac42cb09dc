"""`gateway status`: one screen that says how every destination does."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.commands.options import CONFIG, REDIS_URL, load, with_redis


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", is_flag=True, help="Redraw every second, until Ctrl-C.")
@CONFIG
@REDIS_URL
def status(as_json: bool, watch: bool, config: Path, redis_url: str | None) -> None:
    """Show what waits, what fails and how it went so far, for each destination."""
    from gateway.commands.status_view import print_status, watch_status

    if watch and (as_json or not sys.stdout.isatty()):
        raise click.UsageError("--watch draws on a terminal, and no JSON.")
    settings = load(config)
    if not watch:
        with_redis(settings, redis_url, lambda redis, _: print_status(redis, settings, as_json))
        return
    try:
        with_redis(settings, redis_url, lambda redis, _: watch_status(redis, settings))
    except KeyboardInterrupt:
        return
