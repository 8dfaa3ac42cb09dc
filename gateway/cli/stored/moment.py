"""Points in time and periods on the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from gateway.event.moment import HOW_TO_WRITE, unix_seconds


def moment(text: str) -> float:
    """The type of options whose value is a point in time, in Unix seconds."""
    try:
        return unix_seconds(text, time.time())
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a valid time. {HOW_TO_WRITE}") from None


def period(happened: str, default: str = "") -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The options ``--since`` and ``--until``. happened: the first word of their help, such as
    "Stored". default: the default of ``--since``, for its help.
    """
    by_default = f" By default {default}." if default else ""
    return (
        click.option(
            "--since",
            type=moment,
            help=f"{happened} at or after this time: an age (90s, 15m, 2h, 3d), today, yesterday "
            f"or ISO 8601.{by_default}",
        ),
        click.option(
            "--until",
            type=moment,
            help=f"{happened} at or before this time: an age, today, yesterday or ISO 8601.",
        ),
    )


def check_period(since: float | None, until: float | None) -> None:
    """Raises `click.UsageError` when the period ends before it begins."""
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is later than --until.")
