"""Describes the running command for the log of operators' actions."""

from __future__ import annotations

import getpass

import click

from gateway.configuration.settings import Settings
from gateway.operations.actions_log import Action

UNTOLD = ("config", "redis_url", "yes", "dry_run", "as_json")
"""Command parameters that are not logged: they do not say what is done to events."""


def operator_action(settings: Settings) -> Action:
    context = click.get_current_context()
    arguments = {name: value for name, value in context.params.items() if name not in UNTOLD}
    return Action(settings, _user(), _command(context), arguments, _warn)


def _warn(words: str) -> None:
    click.echo(words, err=True)


def _command(context: click.Context) -> str:
    """The command without the name of the program, which varies: ``dead-letters drop``."""
    names = []
    while context.parent is not None:
        names.append(str(context.info_name))
        context = context.parent
    return " ".join(reversed(names))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, the user may have no name
        return "(unknown)"
