"""A destination is down for ten minutes, which are shortened, and `backoff` by the same factor."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.processes import family, members
from tests.soak.report import Report
from tests.soak.sending import Senders, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.process_stats import cpu_seconds, memories

OUTAGE_SECONDS = 600.0
BACKOFF = (5, 30, 120, 600, 1800, 3600, 7200)
"""The default."""


@dataclass(frozen=True)
class Plan:
    """down_seconds: the shortened ten minutes; the events come in their first half. look_seconds:
    the least time over which CPU time is measured, however long the senders took."""

    events: int = 30_000
    down_seconds: float = 60.0
    rate: float = 1000.0
    look_seconds: float = 20.0


SHORT = Plan(events=2_000, down_seconds=6.0, look_seconds=2.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    shorter = OUTAGE_SECONDS / plan.down_seconds
    report = Report(
        f"A destination down for {plan.down_seconds:.0f} s, time and backoff {shorter:.0f} times "
        f"shorter, {plan.events} events"
    )
    events = make_events("d", plan.events)
    backoff = [round(seconds / shorter, 3) for seconds in BACKOFF]
    sink = SinkProcess(folder)
    with Soaked(folder, webhook("hook", sink.url, backoff=backoff)) as gateway, sink:
        sink.kill()
        began = time.monotonic()
        sent = await Senders(gateway.port, plan.rate).send(events)
        await asyncio.sleep(1)
        until = max(began + plan.down_seconds, time.monotonic() + plan.look_seconds)
        await _enter_waiting(report, gateway, until)
        sink.start()
        up = time.monotonic()
        # a pause can be as long as all earlier ones together, and these as long as the outage
        settled = await gateway.settled(2 * (up - began) + 60)
        outcomes, attempts = gateway.outcomes("hook"), gateway.attempts("hook")
    taken = sink.taken("/hook")
    report.check(settled, f"nothing is waiting {2 * (up - began) + 60:.0f} s after the outage")
    first, last = (f"{arrival.at - up:.1f} s" for arrival in (taken[0], taken[-1]))
    report.row("after the outage", f"first delivery after {first}, last after {last}")
    report.row("requests", ", ".join(f"{count} {result}" for result, count in attempts.items()))
    enter_answers(report, sent, len(events))
    Accounting("hook", sent, dict(events), outcomes, taken).enter(report)
    return report


async def _enter_waiting(report: Report, gateway: Soaked, until: float) -> None:
    """Reports memory and CPU time until `until` (monotonic clock), while all events wait."""
    pids = members(gateway.process.pid)
    before, began = cpu_seconds(pids), time.monotonic()
    await asyncio.sleep(until - began)
    spent, seconds = cpu_seconds(pids) - before, time.monotonic() - began
    waiting = gateway.outcomes("hook")["pending"]
    by_role = ", ".join(
        f"{role} {sum(each.proportional for each in memories(one.pid for one in processes)):.0f}"
        for role, processes in family(gateway.process.pid).items()
    )
    report.row(
        "while waiting", f"{waiting} events, {spent / seconds:.1%} of a core ({seconds:.0f} s)"
    )
    report.row("memory, MB", by_role)
