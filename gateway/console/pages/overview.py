"""The overview: what comes in, what goes out, and what needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request

from gateway.console.attention import notices
from gateway.console.charts import DELIVERED, FAILED, Chart, Line, Row, outcomes_chart, values
from gateway.console.context import Console
from gateway.console.period import DAY, HOUR, PERIODS, Period, period_of
from gateway.console.rendering import link
from gateway.ledger.bounded_values import OTHER
from gateway.ledger.day_rows import NONE, RECEIVED
from gateway.ledger.delays import DELAY, quantile
from gateway.ledger.reading import LedgerReader
from gateway.ledger.series import Key, Series, series

WEEK = 7 * DAY
TOP = 6

TABLES = (
    ("name", "Events", "event_name"),
    ("source", "Sources", "source"),
    ("country", "Countries", ""),
    ("browser", "Browsers", ""),
    ("consent", "Consent", ""),
)
"""Dimensions of events that came in, the titles of their tables, and by which parameter of the
search their events are found."""


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
        data["numbers"] = await console.read(partial(_numbers, period, names))
    return data


def _numbers(period: Period, names: Sequence[str], reader: LedgerReader) -> dict[str, Any]:
    ended = series(reader, period.since, period.until, period.step)
    weeks = max(1, round((period.until - period.since) / WEEK))
    back = weeks * WEEK
    before = series(reader, period.since - back, period.until - back, period.step)
    counts = reader.counts(period.since, period.until, "")
    delays = reader.counts(period.since, period.until, DELAY)
    counts_before = reader.counts(period.since - back, period.until - back, "")
    return {
        "now": _figures(ended, counts),
        "before": _figures(before, counts_before),
        "weeks": weeks,
        "received": _received_chart(ended, before, weeks),
        "outcomes": outcomes_chart(ended),
        "destinations": {name: _destination(name, counts, delays) for name in names},
        "tables": [
            {"title": title, "rows": _top(reader, period, dimension, parameter)}
            for dimension, title, parameter in TABLES
        ],
        "withheld": _withheld(reader, period),
    }


def _figures(of_period: Series, counts: Counter[tuple[str, str, str]]) -> Figures:
    received = sum(values(of_period, _is_received))
    ended: Counter[str] = Counter()
    for (_, _, ending), number in counts.items():
        ended[ending] += number
    delivered = sum(ended[each] for each in DELIVERED)
    failed = sum(ended[each] for each in FAILED)
    return Figures(received, delivered, ended["withheld"], failed)


def _is_received(key: Key) -> bool:
    return key[3] == RECEIVED


def _received_chart(ended: Series, before: Series, weeks: int) -> Chart:
    earlier = "a week before" if weeks == 1 else f"{weeks} weeks before"
    lines = [Line("this period", values(ended, _is_received), 1)]
    old = values(before, _is_received)
    if any(old) and len(old) == len(ended.buckets):
        lines.append(Line(earlier, old, 8))
    return Chart(list(ended.buckets), lines)


def _destination(
    name: str, counts: Counter[tuple[str, str, str]], delays: Counter[tuple[str, str, str]]
) -> dict[str, Any]:
    ended = Counter({key[2]: number for key, number in counts.items() if key[1] == name})
    took = {key[0]: number for key, number in delays.items() if key[1] == name}
    return {
        "accepted": ended["accepted"],
        "delivered": sum(ended[each] for each in DELIVERED),
        "withheld": ended["withheld"],
        "failed": sum(ended[each] for each in FAILED),
        "median": quantile(took, 0.5),
        "p95": quantile(took, 0.95),
    }


def _top(reader: LedgerReader, period: Period, dimension: str, parameter: str) -> list[Row]:
    """The values of events that came in, those with most events first."""
    found = series(
        reader,
        period.since,
        period.until,
        max(period.step, HOUR),
        dimension,
        destination=NONE,
        top=TOP,
    )
    return _rows(found, (RECEIVED,), parameter, {})


def _withheld(reader: LedgerReader, period: Period) -> list[Row]:
    """Why events were withheld."""
    step = max(period.step, HOUR)
    found = series(reader, period.since, period.until, step, "reason", top=TOP)
    return _rows(found, ("withheld",), "reason", {"ending": "withheld"})


def _rows(
    found: Series, endings: Sequence[str], parameter: str, others: dict[str, str]
) -> list[Row]:
    totals: Counter[str] = Counter()
    for (_, value, _, ending), number in found.counts.items():
        if ending in endings:
            totals[value] += number
    return [
        Row(
            value or "(unknown)",
            totals[value],
            link("/events", **{parameter: value, **others}) if parameter and value != OTHER else "",
        )
        for value in found.values
        if totals[value]
    ]
