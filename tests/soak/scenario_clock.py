"""The clock of the machine is set: two hours ahead, back again, two hours behind, and back.

Two destinations get every event: one works; the other is down, so that its events wait for a retry,
and works again after the last jump.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.report import Report
from tests.soak.sending import Senders, make_events
from tests.soak.sink_process import Arrival, SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.fake_clock import HOUR, FakeClock
from tests.support.misbehaving_vendor import Behaviour

JUMPS = (2 * HOUR, -2 * HOUR, -2 * HOUR, 2 * HOUR)
CATCH_UP = 4 * HOUR
"""After this jump, times that were stored two hours ahead are in the past."""
BACKOFF = (600, 1800, 3600)
"""Only a jump can make a retry due."""
STORM_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """between: seconds from one jump to the next. at_once: the most requests to the destination
    that is down, in the first seconds after a jump: those in flight (32), with three quick tries
    each. late: seconds that an event may take to the destination that works."""

    rate: float = 150.0
    between: float = 20.0
    at_once: int = 96
    late: float = 10.0
    settle_seconds: float = 120.0
    most_duplicates: float = 0.0


SHORT = Plan(between=2.0, late=5.0, settle_seconds=60.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    count = int(plan.rate * plan.between * (len(JUMPS) + 1))
    report = Report(f"The clock jumps {len(JUMPS)} times by two hours during {count} events")
    events, clock = make_events("c", count), FakeClock(folder)
    with SinkProcess(folder) as sink:
        sink.behave("/well", Behaviour(latency=(0.005, 0.02)))
        sink.behave("/down", Behaviour(moods={"failing": 1.0}))
        destinations = webhook("well", sink.url) + webhook("down", sink.url, backoff=BACKOFF)
        with Soaked(folder, destinations, environment=clock.environment) as gateway:
            senders = Senders(gateway.port, plan.rate)
            sending = asyncio.create_task(senders.send(events))
            jumps = [await _jump(clock, seconds, plan.between) for seconds in JUMPS]
            waiting = gateway.outcomes("down")["pending"]
            sent = await sending
            sink.behave("/down", Behaviour())
            settled = await _settle(report, gateway, clock, plan)
            outcomes = {name: gateway.outcomes(name) for name in ("well", "down")}
    report.check(settled, f"nothing is waiting after {plan.settle_seconds:.0f} s")
    enter_answers(report, sent, count)
    for name in outcomes:
        taken = sink.taken(f"/{name}")
        Accounting(name, sent, dict(events), outcomes[name], taken).enter(
            report, plan.most_duplicates
        )
    slowest = _slowest(sent.accepted, sink.taken("/well"))
    report.row("well: slowest delivery", f"{slowest:.1f} s")
    report.check(
        slowest <= plan.late,
        f"well: delivered within {plan.late} s, not {slowest:.1f} s",
    )
    storms = [_soon_after(at, sink.arrivals("/down")) for at in jumps]
    shown = ", ".join(map(str, storms))
    report.row("down: requests after each jump", f"{shown} in {STORM_SECONDS:.0f} s")
    report.row("down: events that waited", waiting)
    report.check(max(storms) <= plan.at_once, f"at most {plan.at_once} at once, not {max(storms)}")
    return report


async def _settle(report: Report, gateway: Soaked, clock: FakeClock, plan: Plan) -> bool:
    """Waits until all is delivered; if needed, after a jump of `CATCH_UP`: pauses and waits for a
    retry end at a time of day."""
    what = "down, well again"
    if await gateway.settled(plan.late):
        report.row(what, f"all delivered within {plan.late:.0f} s")
        return True
    waits = gateway.outcomes("down")["pending"]
    report.row(what, f"{waits} waited until the clock had caught up, and were delivered then")
    clock.jump(CATCH_UP)
    return await gateway.settled(plan.settle_seconds)


async def _jump(clock: FakeClock, seconds: float, after: float) -> float:
    """Waits and makes the clock jump. Returns when it jumped, by the monotonic clock."""
    await asyncio.sleep(after)
    clock.jump(seconds)
    return time.monotonic()


def _slowest(accepted: dict[str, float], taken: Sequence[Arrival]) -> float:
    """Seconds from the sender's answer to the first arrival."""
    first: dict[str, float] = {}
    for arrival in taken:
        first.setdefault(arrival.event_id, arrival.at)
    return max((at - accepted[event_id] for event_id, at in first.items()), default=0.0)


def _soon_after(jump: float, arrivals: Sequence[Arrival]) -> int:
    return sum(jump <= arrival.at < jump + STORM_SECONDS for arrival in arrivals)
