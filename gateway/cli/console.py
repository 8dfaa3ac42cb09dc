"""`gateway console`: the pages that show what the gateway does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from gateway.cli.console_access import end_sessions, hash_password, link
from gateway.cli.listening import CONSOLE_HOST, CONSOLE_PORT, listen_for_console
from gateway.cli.options import CONFIG, REDIS_URL, load, require_redis


@click.group(invoke_without_command=True)
@CONFIG
@CONSOLE_HOST
@CONSOLE_PORT
@REDIS_URL
@click.pass_context
def console(
    context: click.Context,
    config: Path,
    console_host: str,
    console_port: int,
    redis_url: str | None,
) -> None:
    """Serve the console only; `gateway run` serves it too."""
    if context.invoked_subcommand is not None:
        return
    from gateway.runtime.address import Address
    from gateway.runtime.console import run_console
    from gateway.runtime.last_good import load_running

    settings = load(config, partial(load_running, allow_demo=True))
    url = require_redis(settings, redis_url)
    run_console(settings, config, url, listen_for_console(Address(console_host, console_port)))


console.add_command(end_sessions)
console.add_command(hash_password)
console.add_command(link)
