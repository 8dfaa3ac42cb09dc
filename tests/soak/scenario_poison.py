"""One event makes the vendor refuse the whole request, with all other events in it."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

from tests.soak.report import Report
from tests.soak.sending import Senders, make_events
from tests.soak.sink_process import SinkProcess, times_taken
from tests.soak.soaked import META_PATH, Soaked, meta
from tests.support.misbehaving_vendor import POISON_ANSWER, Behaviour


@dataclass(frozen=True)
class Plan:
    """events: all in one request of the sender, so that they reach the vendor together."""

    events: int = 1_000
    seed: int = 1


SHORT = Plan()


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"1 poison event in a batch of {plan.events}, seed {plan.seed}")
    events = make_events("p", plan.events)
    poison = random.Random(plan.seed).choice(events)[0]
    batch = b'{"events":[%b]}' % b",".join(body for _, body in events)
    with SinkProcess(folder) as sink, Soaked(folder, meta(sink.url)) as gateway:
        sink.behave(META_PATH, Behaviour(poison=poison))
        sent = await Senders(gateway.port, 1.0).send([("batch", batch)])
        settled = await gateway.settled(60)
        outcomes, letter = gateway.outcomes("meta"), _dead_letter(gateway, poison)
        arrivals = sink.arrivals(META_PATH)
    report.check(settled and len(sent.accepted) == 1, f"accepted and ended: {sent.answers}")
    sizes = Counter(arrival.request for arrival in arrivals)
    most = 2 * log2(plan.events) + 2
    taken = times_taken(arrival for arrival in arrivals if arrival.taken)
    report.row("requests", f"{len(sizes)} (at most {most:.0f}), of {[*sizes.values()]} events")
    report.row("delivered, rejected", f"{outcomes['delivered']}, {outcomes['rejected']}")
    report.row("dead letter", f"{letter['result']}: {letter['reason']}")
    report.check(len(sizes) <= most, f"at most {most:.1f} requests, not {len(sizes)}")
    report.check(
        outcomes["delivered"] == plan.events - 1 and outcomes["rejected"] == 1,
        f"all but one delivered: {outcomes}",
    )
    others = {event_id for event_id, _ in events} - {poison}
    report.check(taken == Counter(others), "every other event taken once")
    vendor = POISON_ANSWER["error"]["error_user_msg"]
    report.check(vendor in letter["reason"], f"the vendor's words: {letter['reason']}")
    return report


def _dead_letter(gateway: Soaked, event_id: str) -> dict[str, Any]:
    """The dead letter, as the operator's command shows it."""
    shown: list[dict[str, Any]] = json.loads(
        gateway.command("dead-letters", "show", event_id, "--json")
    )
    return shown[0]
