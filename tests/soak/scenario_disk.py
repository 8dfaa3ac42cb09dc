"""The disk of the embedded server is full for a while as events come in."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.processes import family
from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.small_disk import SmallDisk, words_before
from tests.soak.soaked import Soaked, webhook

DISK_BYTES = 64_000_000


@dataclass(frozen=True)
class Plan:
    """room: bytes left on the disk at first. full_seconds: how long it is full. recovery_seconds:
    the longest time from the relief to the next accepted event."""

    events: int = 20_000
    rate: float = 400.0
    room: int = 4_000_000
    full_seconds: float = 20.0
    recovery_seconds: float = 10.0
    most_duplicates: float = 0.015


SHORT = Plan(
    events=3_000, room=1_000_000, full_seconds=3.0, recovery_seconds=30.0, most_duplicates=0.25
)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"Disk full for {plan.full_seconds:.0f} s during {plan.events} events")
    events, sent = make_events("f", plan.events), Sent()
    before = words_before(folder / "data", DISK_BYTES)
    with SinkProcess(folder) as sink, Soaked(folder, webhook("hook", sink.url), before) as gateway:
        disk = SmallDisk(gateway.process.pid, folder / "data")
        disk.leave(plan.room)
        give_up = plan.events / plan.rate + plan.full_seconds + 60
        async with asyncio.TaskGroup() as group:
            for path, share in (("/collect", events[::2]), ("/events", events[1::2])):
                senders = Senders(gateway.port, plan.rate / 2, path, give_up=give_up, sent=sent)
                group.create_task(senders.send(share))
            relieved = await _relieve_when_full(disk, sent, plan)
        settled = await gateway.settled(60)
        outcomes = gateway.outcomes("hook")
        audit = gateway.audit()
        same = await _is_the_same_after_a_crash(gateway, outcomes)
    report.check(relieved > 0, f"it was full: {sent.refusals}")
    report.check(settled, "nothing is waiting after 60 s")
    report.row("audit", "balances" if not audit else "differs")
    report.check(not audit, f"the ledger counts what Redis counts: {audit}")
    report.check(same, "the books are the same after a SIGKILL of Valkey")
    ends = gateway.log.read_text().count("valkey ended with status")
    report.row("Valkey ended by itself", f"{ends} times")
    report.row("refusals", "; ".join(sorted(sent.refusals)))
    report.check(_are_clear(sent), f"every refusal is a 503 with Retry-After: {sent.refusals}")
    backend = (sent.accepted.get(event_id, 0.0) for event_id, _ in events[1::2])
    recovery = min((at for at in backend if at > relieved), default=0.0) - relieved
    most = plan.recovery_seconds
    report.row("taken by Valkey again", f"{recovery:.1f} s after there was room")
    report.check(0 < recovery <= most, f"recovery within {most:.0f} s, not {recovery:.1f} s")
    enter_answers(report, sent, len(events))
    Accounting("hook", sent, dict(events), outcomes, sink.taken("/hook")).enter(
        report, plan.most_duplicates
    )
    return report


async def _relieve_when_full(disk: SmallDisk, sent: Sent, plan: Plan) -> float:
    """Frees the disk some time after the first refusal. Returns when, by the monotonic clock; 0 if
    the disk was never full."""
    deadline = time.monotonic() + plan.events / plan.rate + 60
    while not sent.answers["503"]:
        if time.monotonic() > deadline:
            return 0.0
        await asyncio.sleep(0.1)
    await asyncio.sleep(plan.full_seconds)
    disk.relieve()
    return time.monotonic()


def _are_clear(sent: Sent) -> bool:
    return all(refusal.startswith("503 retry-after") for refusal in sent.refusals)


async def _is_the_same_after_a_crash(gateway: Soaked, outcomes: dict[str, int]) -> bool:
    """Kills Valkey. Returns whether it reads the same counts from its file."""
    family(gateway.process.pid)["valkey"][0].signal(signal.SIGKILL)
    for _ in range(200):
        await asyncio.sleep(0.1)
        if await asyncio.to_thread(gateway.is_up):
            return gateway.outcomes("hook") == outcomes
    return False
