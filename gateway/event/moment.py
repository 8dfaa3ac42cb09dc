"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_AGE = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_DAYS = {"today": 0, "yesterday": 1}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

HOW_TO_WRITE = (
    "Use an age, such as 15m or 3d, today, yesterday, or ISO 8601, such as 2026-07-01T12:00Z."
)


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
