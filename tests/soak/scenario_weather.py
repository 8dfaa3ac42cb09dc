"""Destinations that misbehave now and then, in every way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.report import Report
from tests.soak.sending import Senders, make_events
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import META_PATH, Soaked, meta, webhook
from tests.support.misbehaving_vendor import MOODS, Behaviour

UNREAD = {"reset_reading"}
"""Moods that leave nothing in the sink's record."""


@dataclass(frozen=True)
class Plan:
    """bad: share of the webhook's requests that meet a bad mood, all of them equally likely; Meta's
    requests have several events each, so they are fewer and meet them three times as often.
    timeout: seconds that the gateway waits for an answer."""

    events: int = 3_000
    rate: float = 200.0
    bad: float = 0.04
    timeout: float = 1.0
    seed: int = 1
    settle_seconds: float = 300.0


SHORT = Plan(events=600, settle_seconds=60.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"{plan.bad:.0%} of requests go wrong, {plan.events} events, seed {plan.seed}")
    events = make_events("w", plan.events)
    bad = [mood for mood in MOODS if mood != "well"]
    with SinkProcess(folder) as sink:
        for path, share in (("/hook", plan.bad), (META_PATH, 3 * plan.bad)):
            moods = dict.fromkeys(bad, share / len(bad))
            sink.behave(path, Behaviour(moods, latency=(0.001, 0.01), seed=plan.seed))
        destinations = webhook("hook", sink.url, plan.timeout) + meta(sink.url, plan.timeout)
        with Soaked(folder, destinations) as gateway:
            sent = await Senders(gateway.port, plan.rate).send(events)
            settled = await gateway.settled(plan.settle_seconds)
            outcomes = {name: gateway.outcomes(name) for name in ("hook", "meta")}
    report.check(settled, f"nothing is waiting after {plan.settle_seconds:.0f} s")
    enter_answers(report, sent, len(events))
    met: Counter[str] = Counter()
    for name, path in (("hook", "/hook"), ("meta", META_PATH)):
        arrivals = sink.arrivals(path)
        requests = Counter({arrival.request: arrival.mood for arrival in arrivals}.values())
        met += requests
        shown = ", ".join(f"{count} {mood}" for mood, count in requests.most_common())
        report.row(f"{name}: requests", shown)
        taken = [arrival for arrival in arrivals if arrival.taken]
        # these vendors may accept events without confirming them, which causes duplicates
        Accounting(name, sent, dict(events), outcomes[name], taken).enter(
            report, most_duplicates=1.0
        )
    missing = MOODS.keys() - met.keys() - UNREAD
    report.check(not missing, f"every mood was met, but not {missing}")
    return report
