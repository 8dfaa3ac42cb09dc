"""The store of the ledger is away for a while as events come in: delivery is not affected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.soak.books import Accounting, enter_answers
from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_events
from tests.soak.sink_process import Arrival, SinkProcess
from tests.soak.soaked import Soaked

LEAST_SHARE = 0.5
"""The least share of an outage's events that must be delivered during it. It allows for events that
a busy machine does not send in time."""


@dataclass(frozen=True)
class Plan:
    """away_seconds: how long the store is away. gap_seconds: the longest time without a
    delivery meanwhile. settle_seconds: the longest time until all is delivered, and until all is
    stored."""

    events: int = 12_000
    rate: float = 300.0
    away_seconds: float = 20.0
    gap_seconds: float = 3.0
    settle_seconds: float = 60.0


@dataclass(frozen=True)
class Outage:
    """began, ended: by the monotonic clock. feed_bytes: size of the feed at the end."""

    began: float
    ended: float
    feed_bytes: int


async def send_through(
    gateway: Soaked, plan: Plan, take_away: Callable[[], None], bring_back: Callable[[], None]
) -> tuple[Sent, Outage]:
    """Sends all events at a steady rate. The store is away in the middle of that time, and not
    before the ledger has begun: a ledger takes earlier counts as given."""
    (first, *events), sent = make_events("l", plan.events), Sent()
    give_up = plan.events / plan.rate + plan.away_seconds + 60
    await Senders(gateway.port, plan.rate, "/events", sent=sent).send([first])
    began = await gateway.ledger_settled(plan.settle_seconds)
    assert began, "the ledger has not stored the first event"
    async with asyncio.TaskGroup() as group:
        for path, share in (("/collect", events[::2]), ("/events", events[1::2])):
            senders = Senders(gateway.port, plan.rate / 2, path, give_up=give_up, sent=sent)
            group.create_task(senders.send(share))
        await asyncio.sleep((plan.events / plan.rate - plan.away_seconds) / 2)
        await asyncio.to_thread(take_away)
        since = time.monotonic()
        await asyncio.sleep(plan.away_seconds)
        until, feed = time.monotonic(), await asyncio.to_thread(gateway.ledger_metric, "feed_bytes")
        await asyncio.to_thread(bring_back)
    return sent, Outage(since, until, feed)


async def enter_outage(
    report: Report, gateway: Soaked, sink: SinkProcess, plan: Plan, sent: Sent, outage: Outage
) -> tuple[dict[str, int], Sequence[Arrival]]:
    """Checks that deliveries went on and that the ledger caught up. Returns the gateway's
    counts, and the events that the sink accepted."""
    settled = await gateway.settled(plan.settle_seconds)
    stored = await gateway.ledger_settled(plan.settle_seconds)
    caught_up = time.monotonic() - outage.ended
    outcomes, taken = gateway.outcomes("hook"), sink.taken("/hook")
    report.check(settled, f"nothing is waiting after {plan.settle_seconds:.0f} s")
    report.check(stored, f"the ledger has stored all after {plan.settle_seconds:.0f} s")
    within = [each.at for each in taken if outage.began <= each.at <= outage.ended]
    least = LEAST_SHARE * plan.rate * plan.away_seconds
    gap = max(b - a for a, b in pairwise([outage.began, *within, outage.ended]))
    report.row("delivered meanwhile", f"{len(within)}, at most {gap:.1f} s without one")
    report.check(len(within) >= least, f"{least:.0f} delivered meanwhile, not {len(within)}")
    most = plan.gap_seconds
    report.check(gap <= most, f"at most {most:.0f} s without a delivery, not {gap:.1f}")
    report.row("waited for the ledger", f"{outage.feed_bytes / 1e6:.1f} MB")
    report.check(outage.feed_bytes > 0, "the store was away: records waited for it")
    report.row("stored again after", f"{caught_up:.0f} s")
    enter_answers(report, sent, plan.events)
    report.check(set(sent.answers) <= {"200", "204"}, f"none refused: {sent.answers}")
    Accounting("hook", sent, dict(make_events("l", plan.events)), outcomes, taken).enter(report)
    return outcomes, taken
