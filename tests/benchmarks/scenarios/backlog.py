"""Whether an event costs more to deliver when many others wait with it."""

from __future__ import annotations

import os
import signal
import time

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.installation import Cpu, Installation
from tests.benchmarks.measuring import (
    DRAINED_COLUMNS,
    Drained,
    drain_from,
    fill,
    installation,
    warm_up,
)
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

TEXT = (
    "The gateway delivers pending events of one webhook while no others arrive. Microseconds "
    "of CPU for each event, at full pace. The large backlog is measured from its 2,000th "
    "delivery on, when the workers have started. The small one is measured several times, "
    "with workers that are stopped while it grows."
)
SMALL, STARTED = 1_000, 2_000
MAX_GROWTH = 1.1


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Events that wait: many to few."""
    with CountingSink() as sink:
        with installation(configuration(sink.url)) as gateway:
            small = _in_rounds(gateway, plan.rounds, yardsticks.pace)
        with installation(configuration(sink.url), workers=0) as gateway:
            large = _at_once(gateway, plan.backlog, yardsticks.pace)
    return Section(
        "Backlogs",
        TEXT,
        ("waiting", *DRAINED_COLUMNS),
        [small.row(f"{SMALL:,}"), large.row(f"{plan.backlog:,}")],
        [
            Goal(
                f"an event of {plan.backlog:,} that wait, to one of {SMALL:,}",
                *(large.cost / small.cost, MAX_GROWTH, "x"),
                f"{large.cost:.0f} µs to {small.cost:.0f} µs",
            )
        ],
    )


def _in_rounds(gateway: Installation, rounds: int, pace: Pace) -> Drained:
    warm_up(gateway, Body(purchase()))
    spent, took, slowness = Cpu(0, 0, 0), 0.0, 0.0
    for _ in range(rounds):
        _signal(gateway, signal.SIGSTOP)
        fill(gateway, purchase(), SMALL)
        before, began = gateway.cpu(), time.monotonic()
        _signal(gateway, signal.SIGCONT)
        gateway.wait_until_pending()
        spent, took = spent + (gateway.cpu() - before), took + time.monotonic() - began
        slowness += pace.slowness(began) / rounds
    return Drained(rounds * SMALL, spent, slowness, took)


def _at_once(gateway: Installation, events: int, pace: Pace) -> Drained:
    fill(gateway, purchase(), events)
    gateway.start_workers()
    return drain_from(events - STARTED, gateway, pace)


def _signal(gateway: Installation, number: signal.Signals) -> None:
    for pid in gateway.worker_pids():
        os.kill(pid, number)
