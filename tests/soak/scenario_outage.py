"""Redis is killed and away for a while, with the spool on. tests/end_to_end/test_spool.py has the
short form."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting
from tests.soak.report import Report, quantile
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.valkey_server import Valkey


@dataclass(frozen=True)
class Plan:
    """away: seconds that Redis is away, in the middle of the load. No sender tries again."""

    events: int = 20_000
    rate: float = 250.0
    away: float = 30.0
    settle_seconds: float = 120.0
    most_duplicates: float = 0.015


SHORT = Plan(events=1_500, away=3.0, settle_seconds=60.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"Redis killed for {plan.away:.0f} s during {plan.events} events")
    events = make_events("o", plan.events)
    browsers, backends = Sent(), Sent()
    shares = (("/collect", browsers, events[::2]), ("/events", backends, events[1::2]))
    with SinkProcess(folder) as sink, Valkey(folder / "valkey") as valkey:
        redis = {"REDIS_URL": valkey.url}
        with Soaked(folder, webhook("hook", sink.url), environment=redis) as gateway:
            async with asyncio.TaskGroup() as group:
                for path, sent, share in shares:
                    senders = Senders(gateway.port, plan.rate / 2, path, give_up=0, sent=sent)
                    group.create_task(senders.send(share))
                await asyncio.sleep(max(1.0, (plan.events / plan.rate - plan.away) / 2))
                valkey.kill()
                await asyncio.sleep(plan.away)
                valkey.start()
            settled = await gateway.settled(plan.settle_seconds)
            outcomes = gateway.outcomes("hook")
    report.check(settled, f"nothing is waiting after {plan.settle_seconds:.0f} s")
    for name, sent, expected in (
        ("browsers", browsers, {"204"}),
        ("backends", backends, {"200", "503"}),
    ):
        answers = ", ".join(f"{count} x {answer}" for answer, count in sent.answers.items())
        slowest = quantile(sent.answer_seconds, 1)
        report.row(f"{name}: answers", f"{answers}; the slowest 2xx after {slowest:.1f} s")
        report.check(set(sent.answers) == expected, f"{name}: only {expected}, not {answers}")
    clear = all(refusal.startswith("503 retry-after") for refusal in backends.refusals)
    report.check(clear, f"every 503 says when to try again: {backends.refusals}")
    taken = sink.taken("/hook")
    arrived = {arrival.event_id for arrival in taken}
    report.row("browsers: lost", f"{len(browsers.accepted.keys() - arrived)} of {len(events[::2])}")
    Accounting("hook", _together(browsers, backends), dict(events), outcomes, taken).enter(
        report, plan.most_duplicates
    )
    return report


def _together(one: Sent, other: Sent) -> Sent:
    """The results of both; they have no event in common."""
    return Sent(
        accepted=one.accepted | other.accepted,
        tries=one.tries + other.tries,
        answers=Counter(one.answers + other.answers),
        uncertain=one.uncertain + other.uncertain,
    )
