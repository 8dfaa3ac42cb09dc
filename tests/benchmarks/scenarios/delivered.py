"""The main path: one event in, one request out; and the intake alone."""

from __future__ import annotations

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.measuring import COLUMNS, LEGEND, installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

TEXT = (
    "A browser's purchase (1.3 KB) with its own ids goes through consent, identity, "
    "enrichment, the PII guard and five rules, and is on disk before its answer. Delivered: "
    "to one webhook, signed. Accepted: into one stream, while no worker runs. " + LEGEND
)
MAX_DELIVERED, MAX_ACCEPTED = 320, 2.5


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """One event in and one webhook out; and the intake alone."""
    body = Body(purchase())
    with CountingSink() as sink:
        with installation(configuration(sink.url)) as gateway:
            delivered = under_load(gateway, body, plan.load, yardsticks.pace)
        with installation(configuration(sink.url), workers=0) as gateway:
            accepted = under_load(gateway, body, plan.load, yardsticks.pace)
    cost, ratio = delivered.each.all, accepted.each.all / yardsticks.asgi
    return Section(
        "One event in, one out",
        TEXT,
        COLUMNS,
        [delivered.row("delivered", yardsticks), accepted.row("accepted", yardsticks)],
        [
            Goal(
                "delivered: web + worker + store, one event",
                *(cost, MAX_DELIVERED, "µs"),
                f"{yardsticks.times(cost)} x bare ASGI; {cost / yardsticks.aiohttp:.1f} x a bare "
                "aiohttp POST",
            ),
            Goal(
                "accepted: web + store, one event",
                *(ratio, MAX_ACCEPTED, "x bare ASGI"),
                f"{accepted.each.all:.0f} µs; "
                f"{accepted.each.all / yardsticks.starlette:.1f} x a route of Starlette",
            ),
        ],
        [delivered.bar("delivered"), accepted.bar("accepted")],
    )
