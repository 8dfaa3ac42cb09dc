"""Reasons in short, and made alike."""

from __future__ import annotations

import re

from gateway.event.text import printable

MAX_REASON = 100
_VARYING = re.compile(r"\d+\.\d+|\d{5,}|(?<=\.)\d+(?=[.:])")
"""Ages, times, ids and places in a list, which would make each reason a kind of its own. Codes are
shorter."""


def short(reason: str) -> str:
    """`reason` on one line of at most `MAX_REASON` characters."""
    line = printable(" ".join(reason.split()))
    return line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


def common(reason: str) -> str:
    """`reason` without what differs from event to event, in short."""
    return short(_VARYING.sub("#", reason))
