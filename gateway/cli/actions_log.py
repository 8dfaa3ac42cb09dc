"""What commands write to the log of operators' actions."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from gateway.configuration.settings import Settings
from gateway.ledger.feeding import build_digests
from gateway.ledger.operator_log import OperatorLog

PLAIN = (
    "destination",
    "destinations",
    "endings",
    "again",
    "since",
    "until",
    "include_expired",
    "apply_rules",
    "anyway",
    "rate",
)
"""Parameters of commands that are written as they are. Others may name a person."""

UNTOLD = ("config", "redis_url", "yes", "dry_run", "as_json")


def note_action(settings: Settings, counts: Mapping[str, int]) -> None:
    """Adds a line about the command that runs. Says so if that fails: what was done is done.

    counts: how many events it did something to.
    """
    try:
        context = click.get_current_context()
        OperatorLog.of(settings).append(
            {
                "at": time.time(),
                "user": _user(),
                "command": _command(context),
                "arguments": _arguments(settings, context.params),
                "counts": dict(counts),
            }
        )
    except OSError as error:
        click.echo(f"The log of operators' actions cannot be written: {error.strerror}.", err=True)


def note_events(settings: Settings) -> Callable[[int], None]:
    """Does the same with the number of events."""
    return lambda events: note_action(settings, {"events": events})


def _arguments(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given. What may name a person is a keyed digest, the one of the ledger."""
    digests = build_digests(settings)
    told: dict[str, Any] = {}
    for name, value in given.items():
        if name in UNTOLD or value in (None, "", (), False):
            continue
        if name in PLAIN:
            told[name] = value
        elif digests is None:
            told[name] = "(not kept: there is no key for a digest)"
        else:
            texts = value if isinstance(value, tuple) else (value,)
            told[name] = " ".join(digests.of_text(str(text)) for text in texts)
    return told


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
