"""Points in time and periods on the command line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

_AGE = re.compile(r"(\d{1,9})([smhd])")
_DAYS = {"today": 0, "yesterday": 1}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def unix_seconds(text: str, now: float) -> float:
    """The moment that `text` names: an age before `now`, such as ``90s``, ``15m``, ``2h``, ``3d``;
    ``today`` or ``yesterday``, which begin at midnight UTC; or a date or time in ISO 8601, in UTC
    unless it says otherwise.

    Raises ValueError. What is before 1970 counts as 1970.
    """
    if age := _AGE.fullmatch(text):
        return max(0.0, now - int(age[1]) * _SECONDS[age[2]])
    if text in _DAYS:
        return max(0.0, now - now % 86_400 - 86_400 * _DAYS[text])
    named = datetime.fromisoformat(text)
    return max(0.0, (named if named.tzinfo else named.replace(tzinfo=UTC)).timestamp())


def moment(text: str) -> float:
    """The type of options whose value is a point in time, in Unix seconds."""
    try:
        return unix_seconds(text, time.time())
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a valid time. Use an age, such as 15m or 3d, today, yesterday, or "
            "ISO 8601, such as 2026-07-01T12:00Z."
        ) from None


def period(happened: str, default: str = "") -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """``--since`` and ``--until``. `happened` begins their help, such as "Stored", and `default`
    tells in it what ``--since`` is by default.
    """
    by_default = f" By default {default}." if default else ""
    return (
        click.option(
            "--since",
            type=moment,
            help=f"{happened} at or after this time: an age (90s, 15m, 2h, 3d) or ISO 8601."
            f"{by_default}",
        ),
        click.option(
            "--until",
            type=moment,
            help=f"{happened} at or before this time: an age or ISO 8601.",
        ),
    )


def check_period(since: float | None, until: float | None) -> None:
    """Raises `click.UsageError` when the period ends before it begins."""
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is later than --until.")
