"""Destinations that take many events in a request, from single events and from batches."""

from __future__ import annotations

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.hammer import CONNECTIONS
from tests.benchmarks.measuring import COLUMNS, LEGEND, Run, installation, under_load
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

TEXT = (
    "To Meta's Conversions API (up to 1,000 events a request) and to GA4's Measurement "
    "Protocol (up to 25, all of one visitor, so these events have one visitor). Incoming "
    "batches have 100 events, over 4 connections; an answer is for a whole batch. " + LEGEND
)
FEW_CONNECTIONS = 4
MAX_SINGLE, MAX_IN_BATCHES = 160, 40


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Single events and batches to destinations that take batches."""
    single, batches = (
        {kind: _run(plan, kind, batch, yardsticks.pace) for kind in plan.kinds}
        for batch in (1, 100)
    )
    first = plan.kinds[0]
    runs = {f"single events to {kind}": run for kind, run in single.items()}
    runs |= {f"batches to {kind}": run for kind, run in batches.items()}
    return Section(
        "Batches",
        TEXT,
        COLUMNS,
        [run.row(title, yardsticks) for title, run in runs.items()],
        [
            _goal(
                f"single events in, batches out ({first})", MAX_SINGLE, single[first], yardsticks
            ),
            _goal(
                f"batches of 100 in, batches out ({first})",
                *(MAX_IN_BATCHES, batches[first], yardsticks),
            ),
        ],
        [run.bar(title) for title, run in runs.items()],
    )


def _run(plan: Plan, kind: str, batch: int, pace: Pace) -> Run:
    one_visitor = {"client_id": "1525593269.1795210000"} if kind == "ga4" else {}
    body = Body(purchase(**one_visitor), batch)
    connections = CONNECTIONS if batch == 1 else FEW_CONNECTIONS
    with CountingSink() as sink, installation(configuration(sink.url, kind)) as gateway:
        return under_load(gateway, body, plan.load, pace, connections)


def _goal(what: str, most: float, run: Run, yardsticks: Yardsticks) -> Goal:
    cost = run.each.all
    return Goal(f"{what}, one event", cost, most, "µs", f"{yardsticks.times(cost)} x bare ASGI")
