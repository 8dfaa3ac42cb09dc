"""Whether an event costs more to deliver when many others wait with it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from bodies import Body, purchase
from children import CountingSink
from configurations import configuration
from installation import Cpu, Installation
from measuring import fill, installation, warm_up
from pace import Pace
from plans import Plan
from results import Goal, Section, Yardsticks

TEXT = (
    "Events that wait for one webhook are delivered while no others come. Microseconds of CPU for "
    "each, at full pace. The large backlog is measured from its 2,000th delivery on, when the "
    "workers have started; the small one several times, with workers that are stopped while it "
    "grows."
)
COLUMNS = ("waiting", "worker", "store", "both", "slowness", "delivered/s")
SMALL, STARTED = 1_000, 2_000
MOST_GROWTH = 1.1


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    with CountingSink() as sink:
        with installation(configuration(sink.url)) as gateway:
            small = _in_rounds(gateway, plan.rounds, yardsticks.pace)
        with installation(configuration(sink.url), workers=0) as gateway:
            large = _at_once(gateway, plan.backlog, yardsticks.pace)
    costs = [drained.each.worker + drained.each.store for drained in (small, large)]
    growth = costs[1] / costs[0]
    return Section(
        "Backlogs",
        TEXT,
        COLUMNS,
        [small.row(SMALL), large.row(plan.backlog)],
        [
            Goal(
                f"an event of {plan.backlog:,} that wait, to one of {SMALL:,}",
                *(growth, MOST_GROWTH, "x"),
                f"{costs[1]:.0f} µs to {costs[0]:.0f} µs",
            )
        ],
    )


@dataclass(frozen=True)
class Drained:
    """cpu: seconds. took: seconds. slowness: of the machine meanwhile, see `Pace`."""

    events: int
    cpu: Cpu
    took: float
    slowness: float

    @property
    def each(self) -> Cpu:
        """Microseconds for an event, at the machine's full pace."""
        return self.cpu / (self.events * self.slowness / 1e6)

    def row(self, waiting: int) -> list[str]:
        each = self.each
        costs = (each.worker, each.store, each.worker + each.store)
        a_second = f"{self.events / self.took:,.0f}"
        return [
            f"{waiting:,}",
            *(f"{cost:.0f}" for cost in costs),
            f"{self.slowness:.2f}",
            a_second,
        ]


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
    return Drained(rounds * SMALL, spent, took, slowness)


def _at_once(gateway: Installation, events: int, pace: Pace) -> Drained:
    fill(gateway, purchase(), events)
    gateway.start_workers()
    gateway.wait_until_pending(events - STARTED)
    left, before, began = gateway.pending(), gateway.cpu(), time.monotonic()
    gateway.wait_until_pending()
    spent, took = gateway.cpu() - before, time.monotonic() - began
    return Drained(left, spent, took, pace.slowness(began))


def _signal(gateway: Installation, number: signal.Signals) -> None:
    for pid in gateway.worker_pids():
        os.kill(pid, number)
