"""Single events to Meta, far fewer than the gateway could take: what waiting for company costs."""

from __future__ import annotations

import secrets
import time

import uvloop

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.measuring import installation, warm_up
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Section, Yardsticks, quantile
from tests.support.load_generator import post_at_rate

RATE, CONNECTIONS = 200, 32
TEXT = (
    f"{RATE} single events a second to Meta's Conversions API, which takes batches: the gateway "
    "decides how long an event may wait for others. CPU in microseconds for each event, at full "
    "pace. From the answer to a sender until the event is at the sink, in milliseconds."
)


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """200 single events a second to Meta: CPU, and from answer to arrival."""
    with (
        CountingSink(record=True) as sink,
        installation(configuration(sink.url, "meta")) as gateway,
    ):
        warm_up(gateway, Body(purchase()))
        requests = Body(purchase()).numbered(secrets.token_hex(4), RATE * plan.load)
        before, began = gateway.cpu(), time.monotonic()
        answers = uvloop.run(post_at_rate(gateway.port, "/collect", requests, RATE, CONNECTIONS))
        gateway.wait_until_pending()
        cpu, slowness = gateway.cpu() - before, yardsticks.pace.slowness(began)
        arrived = sink.arrivals()
    each = cpu / (len(answers.accepted) * slowness / 1e6)
    waits = [1000 * (arrived[name] - at) for name, at in answers.accepted.items()]
    costs = [f"{part:.0f}" for part in (each.web, each.worker, each.store)]
    times = [f"{quantile(waits, share):.0f}" for share in (0.5, 0.99)]
    return Section(
        f"Single events to Meta, {RATE} a second",
        TEXT,
        ("", "events", "web", "worker", "store", "delivered p50", "delivered p99"),
        [["single events to meta", str(len(waits)), *costs, *times]],
    )
