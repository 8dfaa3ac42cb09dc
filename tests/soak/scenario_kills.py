"""Processes are killed at random while events come in, and Valkey is suspended once.

A kill comes when the gateway has recovered from the one before, and not before a share of its slot
has passed; every tenth kill comes at once, during the recovery.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.ledger.folder import LedgerFolder
from tests.soak.books import Accounting, enter_answers
from tests.soak.ledger_books import LedgerBooks
from tests.soak.processes import Process, family
from tests.soak.recovery import Kill, Wait, repeated_after, until_answer, until_delivery
from tests.soak.report import Report, quantile
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import Arrival, SinkProcess
from tests.soak.soaked import META_PATH, Soaked, meta, webhook
from tests.support.misbehaving_vendor import Behaviour

ROLES = ("worker", "horse", "scheduler", "web", "ledger", "valkey")
HOLD = "hold"
GAP_SECONDS = (0.2, 1.5)
LITTLE = 25
"""The most events that wait in a gateway that has recovered: those in flight."""


@dataclass(frozen=True)
class Plan:
    """slot_seconds: time for a kill and the recovery from it; determines the rate of the events.
    share: the least part of the slot from kill to kill. early: one in so many kills comes at once.
    hold_seconds: how long Valkey is suspended, once. recovery_seconds: the longest time from a kill
    to the next delivery, and to the next accepted event. settle_seconds: the longest time until
    nothing waits after the load. most_duplicates: share of the events that may arrive twice."""

    events: int = 50_000
    kills: int = 200
    seed: int = 1
    slot_seconds: float = 5.0
    share: float = 0.9
    early: int = 10
    hold_seconds: float = 30.0
    recovery_seconds: float = 10.0
    settle_seconds: float = 180.0
    most_duplicates: float = 0.015


SHORT = Plan(
    events=3_000,
    kills=12,
    slot_seconds=8.0,
    share=0.0,
    hold_seconds=5.0,
    recovery_seconds=20.0,
    settle_seconds=60.0,
)
"""A machine that is busy with other tests needs seconds to start a process."""


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"{plan.kills} SIGKILLs during {plan.events} events, seed {plan.seed}")
    events = make_events("k", plan.events, every=20)
    page_views = {event_id for event_id, body in events if b"page_view" in body}
    with SinkProcess(folder) as sink:
        for path in ("/hook", META_PATH):
            sink.behave(path, Behaviour(latency=(0.005, 0.02), seed=plan.seed))
        with Soaked(folder, webhook("hook", sink.url) + meta(sink.url)) as gateway:
            began = time.monotonic()
            sent, kills = await _send_and_kill(gateway, events, plan)
            load_seconds = time.monotonic() - began
            settled = await gateway.settled(plan.settle_seconds)
            seconds = time.monotonic() - began - load_seconds
            outcomes = {name: gateway.outcomes(name) for name in ("hook", "meta")}
            stored = await gateway.ledger_settled(plan.settle_seconds)
            place = LedgerFolder(folder / "data" / "ledger")
            ledgers = {name: LedgerBooks.read(place, name) for name in outcomes}
            audit = gateway.audit()
        report.row("seconds", f"{load_seconds:.0f}, and {seconds:.0f} until nothing was waiting")
        report.check(stored, f"the ledger has stored all after {plan.settle_seconds:.0f} s")
        report.check(not audit, f"the ledger counts what Redis counts: {audit}")
        report.row("audit", "balances" if not audit else "differs")
        report.check(settled, f"nothing is waiting after {plan.settle_seconds:.0f} s")
        enter_answers(report, sent, len(events))
        late = sum(kill.at > max(sent.accepted.values()) for kill in kills)
        report.row("kills", f"{len(kills) - 1}, and Valkey held for {plan.hold_seconds:.0f} s")
        report.check(not late, f"all kills among the events, but {late} came after them")
        for name, path, meant in (
            ("hook", "/hook", page_views),
            ("meta", META_PATH, dict(events)),
        ):
            taken = sink.taken(path)
            Accounting(name, sent, meant, outcomes[name], taken).enter(report, plan.most_duplicates)
            ledgers[name].enter(report, sent.accepted, outcomes[name], taken)
            _enter_repetitions(report, name, kills, taken)
            waits = until_delivery(kills, sent.accepted, taken)
            _enter_recovery(report, f"{name}: next delivery", waits, plan)
        waits = until_answer(kills, sent.accepted)
        _enter_recovery(report, "next event accepted", waits, plan)
    return report


async def _send_and_kill(
    gateway: Soaked, events: Sequence[tuple[str, bytes]], plan: Plan
) -> tuple[Sent, list[Kill]]:
    """Sends half of the events as browsers do, half as a backend does, while processes are killed;
    after the last kill, the rest is sent at once."""
    seconds = (plan.kills + 1) * plan.slot_seconds + plan.hold_seconds
    sent, rate, give_up = Sent(), len(events) / seconds / 2, 3 * seconds + 60
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for path, share in (("/collect", events[::2]), ("/events", events[1::2])):
            senders = Senders(gateway.port, rate, path, give_up=give_up, sent=sent, hurry=over)
            group.create_task(senders.send(share))
        killing = group.create_task(_kill(gateway, plan))
        killing.add_done_callback(lambda _: over.set())
    return sent, killing.result()


async def _kill(gateway: Soaked, plan: Plan) -> list[Kill]:
    """Kills one running process after the other; half-way it suspends Valkey."""
    dice = random.Random(plan.seed)
    kills: list[Kill] = []
    began = time.monotonic()
    held: Kill | None = None
    while len(kills) < plan.kills:
        number = len(kills) + 1
        await asyncio.sleep(dice.uniform(*GAP_SECONDS))
        if number % plan.early:
            await _recovered(gateway)
            due = began + number * plan.share * plan.slot_seconds
            await asyncio.sleep(due + (plan.hold_seconds if held else 0.0) - time.monotonic())
        role = dice.choice(ROLES)
        living = await asyncio.to_thread(_living, gateway, role)
        if living and dice.choice(living).signal(signal.SIGKILL):
            kills.append(Kill(time.monotonic(), role))
            if len(kills) == plan.kills // 2:
                held = await _hold(gateway, plan.hold_seconds)
    return [*kills, held] if held else kills


async def _recovered(gateway: Soaked) -> None:
    """Returns once the gateway accepts events and few of them wait."""
    while True:
        waiting = await asyncio.to_thread(gateway.waiting)
        if waiting is not None and waiting <= LITTLE:
            return
        await asyncio.sleep(0.1)


async def _hold(gateway: Soaked, seconds: float) -> Kill:
    """Suspends Valkey for a while: its connections stay open, and nothing is answered."""
    while not (found := await asyncio.to_thread(_living, gateway, "valkey")):
        await asyncio.sleep(0.1)
    began = time.monotonic()
    found[0].signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    found[0].signal(signal.SIGCONT)
    return Kill(time.monotonic(), HOLD, began)


def _living(gateway: Soaked, role: str) -> list[Process]:
    if gateway.process.poll() is not None:
        raise RuntimeError("`gateway run` has ended by itself")
    return family(gateway.process.pid).get(role, [])


def _enter_repetitions(
    report: Report, name: str, kills: Sequence[Kill], taken: Sequence[Arrival]
) -> None:
    """Reports which kills made events arrive twice, and the most events after one kill."""
    times = repeated_after(kills, taken)
    by_role: Counter[str] = Counter()
    for kill, events in times.items():
        by_role[kill.role] += events
    shown = ", ".join(
        f"{events} by {sum(kill.role == role for kill in times)} of "
        f"{sum(kill.role == role for kill in kills)} {role}"
        for role, events in by_role.most_common()
    )
    most = max(times.values(), default=0)
    report.row(f"{name}: repeated after", f"{shown or 'none'}; at most {most} by one kill")


def _enter_recovery(report: Report, what: str, waits: Sequence[Wait], plan: Plan) -> None:
    seconds = [wait.seconds for wait in waits]
    median, p95, longest = (quantile(seconds, share) for share in (0.5, 0.95, 1))
    most = plan.recovery_seconds
    over = sum(each > most for each in seconds)
    shown = f"median {median:.1f} s, p95 {p95:.1f} s, max {longest:.1f} s"
    report.row(what, f"{shown}; {over} of {len(seconds)} over {most:.0f} s")
    for role in (*ROLES, HOLD):
        own = [wait.seconds for wait in waits if wait.role == role]
        report.row(f"    after {role}", f"{len(own)}, max {quantile(own, 1):.1f} s")
    report.check(longest <= most, f"{what} within {most:.0f} s, not {longest:.1f} s")
