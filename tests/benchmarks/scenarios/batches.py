"""Destinations that take many events in a request, from single events and from batches."""

from __future__ import annotations

from bodies import Body, purchase
from children import CountingSink
from configurations import configuration
from hammer import CONNECTIONS
from measuring import COLUMNS, LEGEND, Run, installation, under_load
from plans import Plan
from results import Goal, Section, Yardsticks

TEXT = (
    "To Meta's Conversions API (up to 1,000 events a request) and to GA4's Measurement Protocol "
    "(up to 25, all of one visitor, so these events have one). The batches that come in have "
    "100 events; their answers are for 100, and they come over 4 connections. " + LEGEND
)
FEW_CONNECTIONS = 4
MOST_SINGLE, MOST_IN_BATCHES = 160, 40


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    one_visitor = purchase(client_id="1525593269.1795210000")
    runs = {
        "single events to meta": _run(plan, "meta", Body(purchase())),
        "single events to ga4": _run(plan, "ga4", Body(one_visitor)),
        "batches to meta": _run(plan, "meta", Body(purchase(), 100)),
        "batches to ga4": _run(plan, "ga4", Body(one_visitor, 100)),
    }
    return Section(
        "Batches",
        TEXT,
        COLUMNS,
        [run.row(title, yardsticks) for title, run in runs.items()],
        [
            _goal("single events in, batches out", runs["single events to meta"], yardsticks),
            _goal("batches of 100 in, batches out", runs["batches to meta"], yardsticks),
        ],
        [run.bar(title) for title, run in runs.items()],
    )


def _run(plan: Plan, kind: str, body: Body) -> Run:
    with CountingSink() as sink, installation(configuration(sink.url, kind)) as gateway:
        connections = CONNECTIONS if body.batch == 1 else FEW_CONNECTIONS
        return under_load(gateway, body, plan.load, connections)


def _goal(what: str, run: Run, yardsticks: Yardsticks) -> Goal:
    cost = run.each.all
    most = MOST_IN_BATCHES if "100" in what else MOST_SINGLE
    beside = f"{yardsticks.times(cost)} x bare ASGI"
    return Goal(f"{what} (Meta), one event", cost, most, "µs", beside)
