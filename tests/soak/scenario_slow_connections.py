"""Thousands of connections that send slowly or not at all, while events arrive as usual."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.system.processes import allow_many_files
from tests.soak.books import Accounting, enter_answers
from tests.soak.report import Report, quantile
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.process_stats import memories

START = b"POST /collect HTTP/1.1\r\nHost: m.shop.example\r\n"
KINDS = (
    (b"", b""),
    (START, b"x: 1\r\n"),
    (START + b"X: " + b"y" * 50_000, b"y"),
    (START + b"Content-Length: 100000\r\n\r\n", b"y"),
)
"""What a connection sends at first, and then once a second."""
GONE_SECONDS = 60.0
"""All slow connections have to end within this time after the last was opened."""


@dataclass(frozen=True)
class Plan:
    """slow: connections at a time, for `seconds`; those that the gateway closes are opened again.
    As many events come before as during that time. most_memory: MB that the web process may grow.
    """

    slow: int = 2_000
    seconds: float = 60.0
    rate: float = 200.0
    most_memory: float = 150.0


SHORT = Plan(slow=200, seconds=15.0, rate=100.0, most_memory=60.0)


@dataclass
class Slow:
    """Slow connections. ended: how many the gateway has closed. answers: the statuses of their
    answers."""

    port: int
    until: float
    open: int = 0
    most_open: int = 0
    ended: int = 0
    answers: set[str] = field(default_factory=set)

    async def keep(self, first: bytes, more: bytes) -> None:
        while time.monotonic() < self.until:
            with suppress(OSError):
                await self._hold(first, more)

    async def _hold(self, first: bytes, more: bytes) -> None:
        """One connection, until the gateway closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            writer.write(first)
            reading = asyncio.ensure_future(reader.read())
            while not reading.done():
                writer.write(more)
                await asyncio.wait([reading], timeout=1)
            self.answers.add(reading.result()[9:12].decode() or "none")
        finally:
            self.open -= 1
            self.ended += 1
            writer.close()


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"{plan.slow} slow connections for {plan.seconds:.0f} s")
    allow_many_files()
    count = int(plan.rate * plan.seconds)
    sent = Sent()
    with SinkProcess(folder) as sink, Soaked(folder, webhook("hook", sink.url)) as gateway:
        senders = Senders(gateway.port, plan.rate, sent=sent)
        await senders.send(make_events("without", count))
        report.row("without: answer, ms", _answers(sent.answer_seconds))
        web = gateway.pids("gateway serve")
        before = await _resident(web)
        slow = Slow(gateway.port, time.monotonic() + plan.seconds)
        keeping = [asyncio.create_task(slow.keep(*KINDS[n % len(KINDS)])) for n in range(plan.slow)]
        sending = asyncio.create_task(senders.send(make_events("with", count)))
        most = before
        while not sending.done():
            await asyncio.wait([sending], timeout=1)
            most = max(most, await _resident(web))
        report.row("with: answer, ms", _answers(sent.answer_seconds[count:]))
        _, still = await asyncio.wait(keeping, timeout=GONE_SECONDS)
        for task in still:
            task.cancel()
        report.check(await gateway.settled(60), "nothing is waiting 60 s later")
        outcomes = gateway.outcomes("hook")
    report.row("slow connections", f"{slow.most_open} at a time, {slow.ended} ended")
    report.row("their answers", ", ".join(sorted(slow.answers)))
    report.row("memory of the web process, MB", f"{before:.0f}, then at most {most:.0f}")
    enter_answers(report, sent, 2 * count)
    report.check(sent.answers.keys() == {"204"}, f"every event is accepted at once: {sent.answers}")
    report.check(slow.most_open == plan.slow, f"all are open at a time, not {slow.most_open}")
    report.check(not still, f"slow connections end, but {len(still)} did not")
    report.check(slow.answers == {"408", "none"}, f"408 or no answer, not {slow.answers}")
    grown = most - before
    report.check(grown <= plan.most_memory, f"{plan.most_memory:.0f} MB more, not {grown:.0f}")
    Accounting("hook", sent, dict.fromkeys(sent.tries), outcomes, sink.taken("/hook")).enter(report)
    return report


def _answers(seconds: Sequence[float]) -> str:
    return ", ".join(f"p{n} {quantile(seconds, n / 100) * 1e3:.0f}" for n in (50, 99))


async def _resident(pids: Sequence[int]) -> float:
    """The resident memory of all of `pids`, in MB."""
    return sum(each.resident for each in await asyncio.to_thread(memories, pids))
