"""The period of time that a page shows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.requests import Request

HOUR, DAY = 3600, 86_400

PERIODS = {
    "1h": (HOUR, 60),
    "24h": (DAY, HOUR),
    "7d": (7 * DAY, HOUR),
    "28d": (28 * DAY, DAY),
    "90d": (90 * DAY, DAY),
}
"""Seconds of a period, and of each step of its charts."""

USUAL = "24h"


@dataclass(frozen=True, slots=True)
class Period:
    """name: one of `PERIODS`. since, until: Unix seconds. step: seconds of each step of a chart.
    The period begins with a whole step; its last step is not over yet."""

    name: str
    since: float
    until: float
    step: int


def period_of(request: Request, usual: str = USUAL) -> Period:
    """The period that the query names in ``period``; `usual` if it names none."""
    asked = request.query_params.get("period", usual)
    return period_named(asked if asked in PERIODS else usual)


def period_named(name: str) -> Period:
    """name: one of `PERIODS`."""
    length, step = PERIODS[name]
    until = time.time()
    return Period(name, (until - length) // step * step + step, until, step)
