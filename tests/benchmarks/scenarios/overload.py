"""Twice as many events as can be taken: what is refused, what is lost, how long the others wait."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import uvloop

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.hammer import hammer
from tests.benchmarks.measuring import installation, warm_up
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks, quantile
from tests.support.load_generator import NONE, post_at_rate

TEXT = (
    "Twice as many events a second as 32 connections achieved before, over 2,000 connections, "
    "whether they are answered or not. The time of an answer counts from when its request was "
    "due. Unsent: all connections were waiting. Times in milliseconds. Every accepted event "
    "must be at the sink afterwards."
)
COLUMNS = ("", "a second", "p50", "p99", "longest")
CONNECTIONS = 2_000
TIMES = 2


def measure(plan: Plan, _: Yardsticks) -> Section:
    """Twice as many events as can be taken."""
    body = Body(purchase())
    with CountingSink(record=True) as sink, installation(configuration(sink.url)) as gateway:
        warm_up(gateway, body)
        capacity = hammer(gateway.port, body, max(2, plan.overload // 10))
        rate = TIMES * capacity.requests / capacity.seconds
        gateway.wait_until_pending()
        requests = body.numbered(secrets.token_hex(4), int(rate * plan.overload))
        answers = uvloop.run(post_at_rate(gateway.port, "/collect", requests, rate, CONNECTIONS))
        gateway.wait_until_pending()
        lost = len(answers.accepted.keys() - sink.arrivals().keys())
    accepted = answers.seconds.get(204, [])
    refused = [second for code in (429, 503) for second in answers.seconds.get(code, [])]
    broken = answers.seconds.get(NONE, [])
    rows = [
        _row("before, 32 connections", capacity.requests, capacity.seconds, []),
        _row("offered", rate * plan.overload, plan.overload, []),
        _row("accepted", len(accepted), plan.overload, accepted),
        _row("refused with 429 or 503", len(refused), plan.overload, refused),
        _row("without an answer", len(broken), plan.overload, broken),
        _row("unsent", answers.unsent, plan.overload, []),
    ]
    others = sum(answers.statuses.values()) - len(accepted) - len(refused)
    goals = [
        Goal("overload: accepted events that did not arrive", lost, 0, "events"),
        Goal("overload: refusals without Retry-After", answers.hasty, 0, "answers"),
        Goal("overload: requests with no answer, or another", others, 0, "requests"),
        Goal("overload: requests that found no free connection", answers.unsent, 0, "requests"),
    ]
    return Section("Overload", TEXT, COLUMNS, rows, goals)


def _row(title: str, events: float, seconds: float, took: Sequence[float]) -> list[str]:
    times = (quantile(took, share) for share in (0.5, 0.99, 1)) if took else ()
    cells = [f"{1000 * time:.0f}" for time in times] or ["", "", ""]
    return [title, f"{events / seconds:,.0f}", *cells]
