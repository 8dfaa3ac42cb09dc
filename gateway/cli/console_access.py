"""`gateway console hash-password`, `link` and `end-sessions`: who may see the console."""

from __future__ import annotations

import click

from gateway.cli.options import fail

MIN_CHARACTERS = 12


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
