"""The command that runs, as the log of operators' actions tells it."""

from __future__ import annotations

import getpass

import click

from gateway.configuration.settings import Settings
from gateway.operations.actions_log import Action

UNTOLD = ("config", "redis_url", "yes", "dry_run", "as_json")
"""Parameters of commands that say nothing of what is done to events."""


def operator_action(settings: Settings) -> Action:
    context = click.get_current_context()
    arguments = {name: value for name, value in context.params.items() if name not in UNTOLD}
    return Action(settings, _user(), _command(context), arguments, _warn)


def _warn(words: str) -> None:
    click.echo(words, err=True)


def _command(context: click.Context) -> str:
    """Such as ``dead-letters drop``: without the program, of which there are several forms."""
    names = []
    while context.parent is not None:
        names.append(str(context.info_name))
        context = context.parent
    return " ".join(reversed(names))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no such user
        return "(unknown)"
