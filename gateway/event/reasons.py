"""Shortens reasons, and makes those that differ only in numbers the same."""

from __future__ import annotations

import re

from gateway.event.text import printable

MAX_REASON = 100
_VARYING = re.compile(r"\d+\.\d+|\d{5,}|(?<=\.)\d+(?=[.:])")
"""Ages, times, ids and list indexes, which would make every reason unique. Status codes are
shorter, so they stay."""


def short(reason: str) -> str:
    """`reason` on one line of at most `MAX_REASON` characters."""
    line = printable(" ".join(reason.split()))
    return line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


def common(reason: str) -> str:
    """`reason`, shortened, with ``#`` in the place of numbers that differ from event to event."""
    return short(_VARYING.sub("#", reason))
