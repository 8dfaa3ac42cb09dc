"""The overview: what comes in, what goes out, and what needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request

from gateway.console.attention import notices
from gateway.console.charts import (
    Chart,
    Line,
    Numbers,
    Row,
    delays_at,
    ended_at,
    numbers_of,
    outcomes,
    outcomes_chart,
)
from gateway.console.context import Console
from gateway.console.period import DAY, PERIODS, Period, period_named, period_of
from gateway.console.rendering import link
from gateway.ledger.bounded_values import OTHER
from gateway.ledger.day_rows import RECEIVED, received_by
from gateway.ledger.delays import DELAY, quantile
from gateway.ledger.hour_counts import Tally, tally
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import Series, series

WEEK = 7 * DAY
TOP = 6

TABLES = {
    "name": ("Events", "event_name"),
    "source": ("Sources", "source"),
    "country": ("Countries", ""),
    "browser": ("Browsers", ""),
    "consent": ("Consent", ""),
}
"""Dimensions of events that came in, each with the title of its table, and the parameter of the
search by which the events of a value are found."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Events that came in, and what became of them at all destinations together."""

    received: int
    delivered: int
    withheld: int
    failed: int


async def view(console: Console, request: Request) -> dict[str, Any]:
    period = period_of(request)
    status = await console.status()
    data: dict[str, Any] = {
        "period": period,
        "periods": list(PERIODS),
        "attention": notices(status),
        "status": status,
        "numbers": None,
    }
    if console.settings.has_ledger:
        names = list(console.settings.destinations)
        ask = partial(console.read, partial(numbers, period, names))
        data["numbers"] = await console.shared.get(f"overview of {period.name}", ask)
    return data


def warm(console: Console) -> None:
    """Compiles the queries of all periods before someone waits for them."""
    names = list(console.settings.destinations)

    def ask(reader: LedgerReader) -> None:
        for name in PERIODS:
            numbers(period_named(name), names, reader)

    console.warm(ask)


def numbers(period: Period, names: Sequence[str], reader: LedgerReader) -> dict[str, Any]:
    with reader.reading.held():
        return _numbers(period, names, reader)


def _numbers(period: Period, names: Sequence[str], reader: LedgerReader) -> dict[str, Any]:
    """Reads the ledger only three times, and counts everything from that."""
    ended = series(reader, period.since, period.until, period.step)
    weeks = max(1, round((period.until - period.since) / WEEK))
    back = weeks * WEEK
    before = series(reader, period.since - back, period.until - back, period.step)
    dimensions = [*map(received_by, TABLES), "reason", DELAY]
    tallied = tally(reader, period.since, period.until, dimensions)
    now, earlier = numbers_of(ended), numbers_of(before)
    return {
        "now": _figures(now),
        "before": _figures(earlier),
        "weeks": weeks,
        "received": _received_chart(ended.buckets, now, earlier, weeks),
        "outcomes": outcomes_chart(ended.buckets, now),
        "destinations": _destinations(names, ended, tallied),
        "tables": [
            {"title": title, "rows": _top(tallied, received_by(dimension), RECEIVED, parameter)}
            for dimension, (title, parameter) in TABLES.items()
        ],
        "withheld": _top(tallied, "reason", "withheld", "reason", ending="withheld"),
    }


def _figures(numbers: Numbers) -> Figures:
    ended = {ending: sum(each) for ending, each in numbers.items()}
    return Figures(ended.get(RECEIVED, 0), **outcomes(Counter(ended)))


def _received_chart(buckets: range, now: Numbers, before: Numbers, weeks: int) -> Chart:
    earlier = "a week before" if weeks == 1 else f"{weeks} weeks before"
    steps = len(buckets)
    lines = [Line("this period", now.get(RECEIVED, [0] * steps), 1)]
    old = before.get(RECEIVED, ())
    if len(old) == steps:
        lines.append(Line(earlier, old, 8))
    return Chart(list(buckets), lines)


def _destinations(
    names: Sequence[str], of_period: Series, tallied: Tally
) -> dict[str, dict[str, Any]]:
    ended, took = ended_at(of_period), delays_at(tallied)
    return {
        name: {
            "accepted": ended[name]["accepted"],
            **outcomes(ended[name]),
            "median": quantile(took[name], 0.5),
            "p95": quantile(took[name], 0.95),
        }
        for name in names
    }


def _top(
    tallied: Tally, dimension: str, ending: str, parameter: str, /, **others: str
) -> list[Row]:
    """The values of `dimension` with most events that have this ending, then `OTHER` for the rest.
    parameter, others: of the URL at which the events of a value are listed."""
    totals: Counter[str] = Counter()
    for (counted, value, _, ended), number in tallied.items():
        if (counted, ended) == (dimension, ending):
            totals[value] += number
    rest = totals.pop(OTHER, 0)
    ranked = sorted(totals, key=lambda value: (-totals[value], value))
    rest += sum(totals[value] for value in ranked[TOP:])
    rows = [
        Row(
            value or "(unknown)",
            totals[value],
            link("/events", **{parameter: value}, **others) if parameter and value else "",
        )
        for value in ranked[:TOP]
    ]
    return [*rows, Row(OTHER, rest)] if rest else rows
