"""Lines and bars of charts, from what the ledger counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.event.endings import DELIVERIES
from gateway.ledger.delays import DELAY
from gateway.ledger.hour_counts import Tally
from gateway.ledger.series import Series

OUTCOMES: dict[str, tuple[tuple[str, ...], int]] = {
    "delivered": (DELIVERIES, 2),
    "withheld": (("withheld",), 4),
    "failed": (("rejected", "expired"), 3),
}
"""Lines of a chart of outcomes: the endings that each counts, and its tone."""


@dataclass(frozen=True, slots=True)
class Line:
    """tone: the number of its colour, 1 to 8."""

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


Numbers = Mapping[str, Sequence[int]]
"""The events of each step, by ending."""


def numbers_of(series: Series) -> Numbers:
    """The numbers of all destinations in `series` together."""
    first, step, steps = series.first, series.step, len(series.buckets)
    found: dict[str, list[int]] = {}
    for (at, _, _, ending), number in series.counts.items():
        of_ending = found.get(ending)
        if of_ending is None:
            of_ending = found[ending] = [0] * steps
        of_ending[(at - first) // step] += number
    return found


def ended_at(series: Series) -> Mapping[str, Counter[str]]:
    """How many events had which ending, by destination; empty for one that had none."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, _, destination, ending), number in series.counts.items():
        found[destination][ending] += number
    return found


def outcomes(ended: Counter[str]) -> dict[str, int]:
    """The numbers of `OUTCOMES`."""
    return {name: sum(ended[each] for each in endings) for name, (endings, _) in OUTCOMES.items()}


def delays_at(tallied: Tally) -> Mapping[str, Counter[str]]:
    """How many deliveries took how long, by destination, in the buckets of
    `gateway.ledger.delays`."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (dimension, bucket, destination, _), number in tallied.items():
        if dimension == DELAY:
            found[destination][bucket] += number
    return found


def outcomes_chart(buckets: range, numbers: Numbers) -> Chart:
    """How events ended. buckets: the first second of each step (Unix)."""
    none, steps = [0] * len(buckets), range(len(buckets))
    lines = [
        Line(name, [sum(numbers.get(each, none)[step] for each in endings) for step in steps], tone)
        for name, (endings, tone) in OUTCOMES.items()
    ]
    return Chart(list(buckets), lines)
