"""Whether an event costs more to deliver when many others wait with it."""

from __future__ import annotations

import os
import signal
import time

from bodies import Body, purchase
from children import CountingSink
from configurations import configuration
from installation import Cpu, Installation
from measuring import fill, installation, warm_up
from plans import Plan
from results import Goal, Section, Yardsticks

TEXT = (
    "Events that wait for one webhook are delivered while no others come. Microseconds of CPU for "
    "each. The large backlog is measured from its 2,000th delivery on, when the workers have "
    "started; the small one several times, with workers that are stopped while it grows."
)
COLUMNS = ("waiting", "worker", "store", "both", "delivered/s")
SMALL, STARTED = 1_000, 2_000
MOST_GROWTH = 1.1


def measure(plan: Plan, _: Yardsticks) -> Section:
    with CountingSink() as sink:
        with installation(configuration(sink.url)) as gateway:
            small, small_seconds = _in_rounds(gateway, plan.rounds)
        with installation(configuration(sink.url), workers=0) as gateway:
            large, large_seconds = _at_once(gateway, plan.backlog)
    costs = [each.worker + each.store for each in (small, large)]
    growth = costs[1] / costs[0]
    return Section(
        "Backlogs",
        TEXT,
        COLUMNS,
        [_row(SMALL, small, small_seconds), _row(plan.backlog, large, large_seconds)],
        [
            Goal(
                f"an event of {plan.backlog:,} that wait, to one of {SMALL:,}",
                *(growth, MOST_GROWTH, "x"),
                f"{costs[1]:.0f} µs to {costs[0]:.0f} µs",
            )
        ],
    )


def _in_rounds(gateway: Installation, rounds: int) -> tuple[Cpu, float]:
    """Microseconds and seconds for an event."""
    warm_up(gateway, Body(purchase()))
    spent, took = Cpu(0, 0, 0), 0.0
    for _ in range(rounds):
        _signal(gateway, signal.SIGSTOP)
        fill(gateway, purchase(), SMALL)
        before, began = gateway.cpu(), time.monotonic()
        _signal(gateway, signal.SIGCONT)
        gateway.wait_until_pending()
        spent, took = spent + (gateway.cpu() - before), took + time.monotonic() - began
    return spent / (rounds * SMALL / 1e6), took / (rounds * SMALL)


def _at_once(gateway: Installation, events: int) -> tuple[Cpu, float]:
    fill(gateway, purchase(), events)
    gateway.start_workers()
    gateway.wait_until_pending(events - STARTED)
    left, before, began = gateway.pending(), gateway.cpu(), time.monotonic()
    gateway.wait_until_pending()
    spent, took = gateway.cpu() - before, time.monotonic() - began
    return spent / (left / 1e6), took / left


def _signal(gateway: Installation, number: signal.Signals) -> None:
    for pid in gateway.worker_pids():
        os.kill(pid, number)


def _row(events: int, each: Cpu, seconds: float) -> list[str]:
    costs = (each.worker, each.store, each.worker + each.store)
    return [f"{events:,}", *(f"{cost:.0f}" for cost in costs), f"{1 / seconds:,.0f}"]
