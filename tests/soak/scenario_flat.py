"""Memory stays small and does not grow, however many events have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, meta, webhook
from tests.support.process_stats import Memory, memories

PROCESSES = {"web": "gateway serve", "worker": "gateway worker"}


@dataclass(frozen=True)
class Plan:
    """events: in all `bursts`, of which half come before the first look. own: the most memory of
    its own that a process may have, in MB. growth: the most by which it may grow in the second
    half."""

    events: int = 20_000
    bursts: int = 8
    own: float = 94.0
    growth: float = 4.0


SHORT = Plan(events=1_600, bursts=4)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"memory while {plan.events} events come in {plan.bursts} bursts")
    sent, looks = Sent(), []
    with SinkProcess(folder) as sink:
        destinations = webhook("hook", sink.url) + meta(sink.url)
        with Soaked(folder, destinations) as gateway:
            for burst in range(plan.bursts):
                events = make_events(f"b{burst}", plan.events // plan.bursts)
                await Senders(gateway.port, 1e6, connections=32, sent=sent).send(events)
                settled = await gateway.settled(120)
                report.check(settled, f"burst {burst} is delivered")
                looks.append(
                    {name: memories(gateway.pids(words)) for name, words in PROCESSES.items()}
                )
    report.check(len(sent.accepted) == plan.events, f"all accepted: {sent.answers}")
    half = plan.bursts // 2
    for name in PROCESSES:
        _judge(report, plan, name, looks[half - 1][name], looks[-1][name])
    return report


def _judge(
    report: Report, plan: Plan, name: str, middle: Sequence[Memory], end: Sequence[Memory]
) -> None:
    """Judges the largest process of that name."""
    own, resident = max(each.own for each in end), max(each.resident for each in end)
    growth = resident - max(each.resident for each in middle)
    report.row(f"{name}: own, resident, MB", f"{own:.0f}, {resident:.0f}")
    report.row(f"{name}: second half, MB", f"{growth:+.1f}")
    report.check(own <= plan.own, f"{name}: at most {plan.own:.0f} MB, not {own:.1f}")
    report.check(growth <= plan.growth, f"{name}: grows {growth:.1f} MB in the second half")
