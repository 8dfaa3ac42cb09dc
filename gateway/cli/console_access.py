"""`gateway console hash-password`, `link` and `end-sessions`: who may see the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL, fail, load_in_force, with_redis

if TYPE_CHECKING:
    from redis.asyncio import Redis

MIN_CHARACTERS = 12
DEFAULT_URL = "http://127.0.0.1:8082"


@click.command("hash-password")
def hash_password() -> None:
    """Ask for a password and print its hash, for `console.users` in the configuration."""
    from gateway.console.access.passwords import MAX_CHARACTERS, hash_password

    password = click.prompt(
        "Password", hide_input=True, confirmation_prompt="The same password again", err=True
    )
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        fail(
            f"the password has {len(password)} characters: use at least {MIN_CHARACTERS} and at "
            f"most {MAX_CHARACTERS}, such as five or six random words"
        )
    click.echo(hash_password(password))


@click.command()
@CONFIG
@REDIS_URL
@click.option(
    "--url",
    help="URL at which the console is reached, without a path. By default that of "
    "console.openid.base_url, or http://127.0.0.1:8082.",
)
def link(config: Path, redis_url: str | None, url: str | None) -> None:
    """Print a link that signs in to the console once, within 15 minutes, as an operator."""
    from gateway.cli.operator_action import operator_action
    from gateway.console.access.one_time_link import one_time_link
    from gateway.queue.console_sessions import ConsoleSessions
    from gateway.queue.keys import Keys
    from gateway.urls.origin import check_origin

    settings = load_in_force(config).settings
    openid = settings.console.openid
    base_url = url or (openid.base_url if openid else DEFAULT_URL)
    try:
        check_origin(base_url)
    except ValueError as error:
        fail(f"--url {error}")

    async def make(redis: Redis, _: str) -> str:
        return await one_time_link(ConsoleSessions(redis, Keys.of(settings)), base_url)

    made = with_redis(settings, redis_url, make)
    operator_action(settings).note({})
    click.echo(made)


@click.command("end-sessions")
@CONFIG
@REDIS_URL
def end_sessions(config: Path, redis_url: str | None) -> None:
    """End all sessions of the console and all one-time links: everyone has to sign in again."""
    from gateway.cli.operator_action import operator_action
    from gateway.queue.console_sessions import ConsoleSessions
    from gateway.queue.keys import Keys

    settings = load_in_force(config).settings

    async def end(redis: Redis, _: str) -> None:
        await ConsoleSessions(redis, Keys.of(settings)).end_all()

    with_redis(settings, redis_url, end)
    operator_action(settings).note({})
    click.echo("All sessions of the console have ended. Everyone has to sign in again.")
