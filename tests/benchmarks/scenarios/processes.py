"""More web processes and more workers."""

from __future__ import annotations

import os

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.measuring import (
    COLUMNS,
    DRAINED_COLUMNS,
    LEGEND,
    drain_from,
    fill,
    installation,
    under_load,
)
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Section, Yardsticks

CORES = os.cpu_count() or 1
WEB_TEXT = (
    "Several web processes, which share a port, accept events while no worker runs. The load "
    f"generator and Valkey share the {CORES} cores with them, so rows with more processes than "
    "cores only show that more processes do no harm. " + LEGEND
)
WORKERS_TEXT = (
    "Several worker processes deliver a backlog of one webhook with `drains: 4`. The first "
    f"tenth, while they start, is not counted. The sink and Valkey share the {CORES} cores "
    "with them, so rows with more processes than cores only show that more processes do no "
    "harm. Microseconds of CPU for each event, at full pace."
)


def webs(plan: Plan, yardsticks: Yardsticks) -> Section:
    """1, 2 and 4 web processes."""
    rows = []
    with CountingSink() as sink:
        for count in plan.webs:
            with installation(configuration(sink.url), webs=count, workers=0) as gateway:
                run = under_load(gateway, Body(purchase()), plan.short_load, yardsticks.pace)
            rows.append(run.row(f"{count} web processes", yardsticks))
    return Section("Web processes", WEB_TEXT, COLUMNS, rows)


def workers(plan: Plan, yardsticks: Yardsticks) -> Section:
    """1, 2 and 4 workers."""
    rows = []
    with CountingSink() as sink:
        for count in plan.workers:
            with installation(configuration(sink.url, drains=4), workers=0) as gateway:
                fill(gateway, purchase(), plan.drained)
                gateway.start_workers(count)
                drained = drain_from(int(0.9 * plan.drained), gateway, yardsticks.pace)
            rows.append(drained.row(f"{count} worker processes"))
    return Section("Workers", WORKERS_TEXT, ("", *DRAINED_COLUMNS), rows)
