"""How long after its answer an event arrives, when there is little to do."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Sequence

import uvloop

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.installation import Installation
from tests.benchmarks.measuring import installation, warm_up
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks, quantile
from tests.support.gateway_process import wait_for
from tests.support.load_generator import Answers, post_at_rate

TEXT = (
    "The time from a sender's answer to the arrival of its event at the sink, in "
    "milliseconds. Events come one at a time, 30 ms apart: first to a drain that is waiting "
    "for events, as in an idle gateway; then each to a destination without a drain, so that "
    "RQ has to start one. This happens after a start, and if several destinations share a "
    "worker."
)
COLUMNS = ("", "events", "p50", "p99", "longest", "answer p50", "answer p99")
APART = 0.03
MAX_P50, MAX_P99 = 15, 60


def measure(plan: Plan, _: Yardsticks) -> Section:
    """From answer to arrival, one event at a time."""
    awake, asleep = plan.latencies
    with CountingSink(record=True) as sink, installation(configuration(sink.url)) as gateway:
        warm_up(gateway, Body(purchase()))
        answers = [_send(gateway, awake)]
        awake_row, goals = _found("waits", gateway, sink, answers)
        answers = []
        for _ in range(asleep):
            _put_to_sleep(gateway)
            answers.append(_send(gateway, 1))
        asleep_row, _ = _found("has to be started", gateway, sink, answers)
    return Section("Latency without load", TEXT, COLUMNS, [awake_row, asleep_row], goals)


def _send(gateway: Installation, events: int) -> Answers:
    requests = Body(purchase()).numbered(secrets.token_hex(4), events)
    return uvloop.run(post_at_rate(gateway.port, "/collect", requests, 1 / APART, 1))


def _put_to_sleep(gateway: Installation) -> None:
    """Ends the drain as its worker does when it stops; the worker stays, and waits for a job."""
    gateway.wait_until_pending()
    for pid in gateway.drain_pids():
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not gateway.drain_pids(), 20, "the drain to end")
    time.sleep(0.3)  # the worker tidies up


def _found(
    title: str, gateway: Installation, sink: CountingSink, answers: Sequence[Answers]
) -> tuple[list[str], list[Goal]]:
    gateway.wait_until_pending()
    arrived = sink.arrivals()
    answered = {name: at for each in answers for name, at in each.accepted.items()}
    latencies = [1000 * (arrived[name] - at) for name, at in answered.items()]
    took = [1000 * second for each in answers for second in each.seconds[204]]
    p50, p99 = quantile(latencies, 0.5), quantile(latencies, 0.99)
    times = (p50, p99, max(latencies), quantile(took, 0.5), quantile(took, 0.99))
    row = [f"drain {title}", str(len(latencies)), *(f"{time:.1f}" for time in times)]
    what = f"answer to arrival, drain {title}"
    goals = {"p50": (p50, MAX_P50), "p99": (p99, MAX_P99)}
    return row, [Goal(f"{what}, {name}", *values, "ms") for name, values in goals.items()]
