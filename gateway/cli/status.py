"""`gateway status`: the state of every destination on one screen."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.cli.options import CONFIG, REDIS_URL, load_in_force, with_redis


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C.")
@CONFIG
@REDIS_URL
def status(as_json: bool, watch: bool, config: Path, redis_url: str | None) -> None:
    """Show pending, failing and completed events per destination."""
    from gateway.cli.status_view import print_status, watch_status

    if watch and (as_json or not sys.stdout.isatty()):
        raise click.UsageError("--watch needs a terminal and cannot be combined with --json.")
    in_force = load_in_force(config)
    settings = in_force.settings
    if not watch:
        with_redis(settings, redis_url, lambda redis, _: print_status(redis, in_force, as_json))
        return
    try:
        with_redis(settings, redis_url, lambda redis, _: watch_status(redis, in_force))
    except KeyboardInterrupt:
        return
