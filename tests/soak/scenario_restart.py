"""All of `gateway run` dies at once, and is started again as a service manager would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.soak.books import Accounting, enter_answers
from tests.soak.processes import kill_all
from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.misbehaving_vendor import Behaviour
from tests.support.process_stats import children, cpu_seconds

RESTART_SECONDS = 0.2
"""Before a restart. systemd waits for 0.1 s."""


@dataclass(frozen=True)
class Plan:
    """kills: how often everything is killed at once; every second time, only the supervisor is, and
    the kernel ends its children. every_seconds: between two kills. ready_seconds: the longest time
    until the web process answers again."""

    events: int = 20_000
    kills: int = 10
    every_seconds: float = 8.0
    ready_seconds: float = 10.0
    most_duplicates: float = 0.015


SHORT = Plan(events=1_000, kills=2, every_seconds=2.0, ready_seconds=40.0, most_duplicates=0.25)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"`gateway run` killed {plan.kills} times during {plan.events} events")
    events = make_events("r", plan.events)
    with SinkProcess(folder) as sink:
        sink.behave("/hook", Behaviour(latency=(0.005, 0.02)))
        with Soaked(folder, webhook("hook", sink.url)) as gateway:
            sent, restarts = await _send_and_kill(gateway, events, plan)
            settled = await gateway.settled(60)
            outcomes = gateway.outcomes("hook")
        seconds, cpu = zip(*restarts, strict=True)
        report.check(settled, "nothing is waiting after 60 s")
        starts = ", ".join(f"{each:.1f}" for each in seconds)
        report.row("seconds until ready", f"{starts} (from the kill)")
        spread = f"median {median(seconds):.1f} s, worst {max(seconds):.1f} s"
        report.row("ready again", f"{spread}; {median(cpu):.2f} s of CPU until then")
        most = plan.ready_seconds
        report.check(max(seconds) <= most, f"ready within {most:.0f} s, not {max(seconds):.1f} s")
        enter_answers(report, sent, len(events))
        Accounting("hook", sent, dict(events), outcomes, sink.taken("/hook")).enter(
            report, plan.most_duplicates
        )
    return report


async def _send_and_kill(
    gateway: Soaked, events: Sequence[tuple[str, bytes]], plan: Plan
) -> tuple[Sent, list[tuple[float, float]]]:
    seconds = (plan.kills + 1) * plan.every_seconds
    sent, rate, give_up = Sent(), len(events) / seconds / 2, 5 * seconds + 60
    async with asyncio.TaskGroup() as group:
        for path, share in (("/collect", events[::2]), ("/events", events[1::2])):
            senders = Senders(gateway.port, rate, path, give_up=give_up, sent=sent)
            group.create_task(senders.send(share))
        restarts = []
        for number in range(plan.kills):
            await asyncio.sleep(plan.every_seconds)
            restarts.append(await _kill_and_start(gateway, everything=number % 2 == 0))
    return sent, restarts


async def _kill_and_start(gateway: Soaked, everything: bool) -> tuple[float, float]:
    """Seconds from the kill until the gateway is ready again, and CPU seconds of the new
    processes."""
    began = time.monotonic()
    if everything:
        kill_all(gateway.process.pid)
    else:
        gateway.process.kill()
    await asyncio.to_thread(gateway.wait_until_gone)
    while not await asyncio.to_thread(gateway.is_up):
        if gateway.process.poll() is not None:
            await asyncio.sleep(RESTART_SECONDS)
            gateway.launch()
        await asyncio.sleep(0.1)
    root = gateway.process.pid
    return time.monotonic() - began, cpu_seconds([root, *children(root)])
