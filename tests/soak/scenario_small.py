"""All of a gateway on one core, with the memory settings of a small container: a steady load to
three destinations, with the console and the ledger.

The core is real: every process of the gateway is bound to it (Linux). The memory is only measured,
not limited: the embedded server gets the half that it would take in a container of that size, and
the sum of all processes (PSS) is measured again and again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.report import Report, quantile
from tests.soak.sending import Senders, Sent, make_event
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import META_PATH, Soaked, meta, webhook
from tests.support.process_stats import MB, children, cpu_seconds, memories

DESTINATIONS = {"hook": "/hook", "store": "/store", "meta": META_PATH}
PART_SECONDS = 30
"""The events of this time are made at once."""
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """minutes: how long events come, `rate` of them a second. memory: the most memory of all
    processes together, in MiB."""

    minutes: float = 5.0
    rate: float = 100.0
    memory: int = 512

    def parts(self) -> Iterator[range]:
        """The numbers of the events, in parts of `PART_SECONDS`."""
        events, each = round(self.minutes * 60 * self.rate), round(PART_SECONDS * self.rate)
        for first in range(0, events, each):
            yield range(first, min(first + each, events))


SHORT = Plan(minutes=0.5)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"{plan.rate:g} events a second on one core, for {plan.minutes:g} minutes")
    sent = Sent()
    half = plan.memory * 2**20 // 2
    with SinkProcess(folder, plan.minutes * 120 + 600) as sink:
        destinations = webhook("hook", sink.url) + webhook("store", sink.url) + meta(sink.url)
        core = max(os.sched_getaffinity(0))
        soaked = Soaked(folder, destinations, memory=half, cores={core})
        with soaked.with_console() as gateway:
            gateway.wait_for_console()
            looking = asyncio.create_task(_look_forever(peaks := _Peaks(gateway.process.pid)))
            events = await _send(gateway, plan, sent)
            report.check(await gateway.settled(60), "nothing is waiting after 60 s")
            report.check(await gateway.ledger_settled(60), "the ledger has stored all after 60 s")
            looking.cancel()
            outcomes = {name: gateway.outcomes(name) for name in DESTINATIONS}
            audit = gateway.audit_data()
    enter_answers(report, sent, events)
    refused = {answer: n for answer, n in sent.answers.items() if answer not in ("200", "204")}
    report.check(not refused, f"each event is accepted at its first try, but {refused}")
    spread = (quantile(sent.answer_seconds, share) * 1000 for share in (0.5, 0.99, 1))
    report.row("answer, ms", "p50 {:.0f}, p99 {:.0f}, max {:.0f}".format(*spread))
    peaks.enter(report, plan)
    report.row("audit", "balances" if audit["balanced"] else "does not balance")
    report.check(audit["balanced"], f"the audit balances: {audit}")
    for name, path in DESTINATIONS.items():
        Accounting(name, sent, sent.tries, outcomes[name], sink.taken(path)).enter(report)
    return report


class _Peaks:
    """The most memory of all processes of a gateway, and the CPU time that they used meanwhile."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._began, self._cpu = time.monotonic(), self._used()
        self._first = self._most = 0.0
        self._share = 0.0

    def look(self) -> None:
        taken = sum(each.proportional for each in memories(self._pids()))
        self._first = self._first or taken
        self._most = max(self._most, taken)
        self._share = (self._used() - self._cpu) / (time.monotonic() - self._began)

    def enter(self, report: Report, plan: Plan) -> None:
        """Reports memory in the unit of the plan, and CPU time."""
        first, most = (taken * MB / 2**20 for taken in (self._first, self._most))
        report.row("memory, MiB", f"{first:.0f} at the start, {most:.0f} at most")
        report.row("CPU", f"{self._share:.0%} of the core")
        report.check(most <= plan.memory, f"at most {plan.memory} MiB, not {most:.0f}")

    def _pids(self) -> list[int]:
        return [self._root, *children(self._root)]

    def _used(self) -> float:
        return cpu_seconds(self._pids())


async def _look_forever(peaks: _Peaks) -> None:
    while True:
        await asyncio.to_thread(peaks.look)
        await asyncio.sleep(LOOK_SECONDS)


async def _send(gateway: Soaked, plan: Plan, sent: Sent) -> int:
    """Sends half of the events as a browser does, half as a backend does. Returns their number."""
    count = 0
    for numbers in plan.parts():
        async with asyncio.TaskGroup() as group:
            for path, half in (("/collect", numbers[::2]), ("/events", numbers[1::2])):
                senders = Senders(gateway.port, plan.rate / 2, path, sent=sent)
                group.create_task(senders.send([make_event(f"small-{n}") for n in half]))
        count += len(numbers)
    return count
