"""Destinations that never answer, and one that does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.soak.report import Report, quantile
from tests.soak.sending import Senders, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.misbehaving_vendor import Behaviour

NOISE_SECONDS = 0.25
"""What noise of the machine may add to a quantile."""


@dataclass(frozen=True)
class Plan:
    """hanging: how many destinations. timeout: seconds that the gateway waits for their answers.
    times_slower: the factor by which the 99th percentile of the healthy one may grow, apart from
    noise."""

    events: int = 20_000
    rate: float = 400.0
    hanging: int = 1
    timeout: float = 5.0
    times_slower: float = 1.5


SHORT = Plan(events=750, rate=250.0, timeout=2.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"{plan.hanging} hanging beside a healthy destination, {plan.events} events")
    others = [f"hanging{number}" for number in range(plan.hanging)]
    with SinkProcess(folder) as sink:
        for path in ("/healthy", *(f"/{name}" for name in others)):
            sink.behave(path, Behaviour(latency=(0.005, 0.02)))
        destinations = [webhook(name, sink.url, plan.timeout) for name in ("healthy", *others)]
        with Soaked(folder, "".join(destinations)) as gateway:
            without = await _delays(report, gateway, sink, "without", plan)
            for name in others:
                sink.behave(f"/{name}", Behaviour(moods={"silent": 1.0}))
            beside = await _delays(report, gateway, sink, "with", plan)
            waiting = sum(gateway.outcomes(name)["pending"] for name in others)
    report.row("events that wait for the hanging", waiting)
    most = plan.times_slower * quantile(without, 0.99) + NOISE_SECONDS
    p99 = quantile(beside, 0.99)
    report.check(p99 <= most, f"p99 of the healthy one within {most:.2f} s, not {p99:.2f} s")
    report.check(waiting > 0, "the hanging ones take nothing")
    return report


async def _delays(
    report: Report, gateway: Soaked, sink: SinkProcess, name: str, plan: Plan
) -> list[float]:
    """For each event, seconds from the sender's answer to its arrival at the healthy
    destination."""
    sent = await Senders(gateway.port, plan.rate).send(make_events(name, plan.events))
    for _ in range(100):
        if gateway.outcomes("healthy")["pending"] == 0:
            break
        await asyncio.sleep(0.1)
    arrived = {arrival.event_id: arrival.at for arrival in sink.taken("/healthy")}
    lost = sent.accepted.keys() - arrived.keys()
    report.check(not lost, f"{name}: all at the healthy one within 10 s, not {len(lost)}")
    delays = [max(0.0, arrived[each] - at) for each, at in sent.accepted.items() if each in arrived]
    shown = ", ".join(f"p{share} {quantile(delays, share / 100) * 1e3:.0f}" for share in (50, 99))
    report.row(f"{name}: delivery, ms", f"{shown}, max {max(delays) * 1e3:.0f}")
    answers = quantile(sent.answer_seconds, 0.99) * 1e3
    report.row(f"{name}: answer to the sender, ms", f"p99 {answers:.0f}")
    return delays
