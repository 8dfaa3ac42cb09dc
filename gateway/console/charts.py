"""Lines and bars of charts, from what the ledger counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.ledger.series import Key, Series
from gateway.queue.feed import WITH_WARNINGS

DELIVERED = ("delivered", WITH_WARNINGS)
FAILED = ("rejected", "expired")

OUTCOMES: dict[str, tuple[tuple[str, ...], int]] = {
    "delivered": (DELIVERED, 2),
    "withheld": (("withheld",), 4),
    "failed": (FAILED, 3),
}
"""Lines of a chart of outcomes: the endings that each counts, and its tone."""


@dataclass(frozen=True, slots=True)
class Line:
    """tone: of its colour, 1 to 8."""

    name: str
    values: Sequence[int]
    tone: int


@dataclass(frozen=True, slots=True)
class Chart:
    """at: the first second (Unix) of each step."""

    at: Sequence[int]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Row:
    """A value, how many events it had, and the address where they are listed, ``""`` for none."""

    value: str
    events: int
    link: str = ""


def values(series: Series, wanted: Callable[[Key], bool]) -> list[int]:
    """The events of each step that have a `wanted` key."""
    found = dict.fromkeys(series.buckets, 0)
    for key, number in series.counts.items():
        if wanted(key):
            found[key[0]] += number
    return list(found.values())


def outcomes_chart(series: Series) -> Chart:
    """How events ended, at all destinations in `series`."""
    lines = [_line(series, name, *how) for name, how in OUTCOMES.items()]
    return Chart(list(series.buckets), lines)


def _line(series: Series, name: str, endings: Sequence[str], tone: int) -> Line:
    return Line(name, values(series, lambda key: key[3] in endings), tone)
