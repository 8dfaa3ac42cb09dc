"""The gateway and its closest peer, Fastify with BullMQ, which is as durable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.benchmarks.configurations import configuration
from tests.benchmarks.configurations import shop as shop_configuration
from tests.benchmarks.measuring import COLUMNS, LEGEND
from tests.benchmarks.peers.bullmq import PEER
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.benchmarks.scenarios.turns import WITH, WITHOUT, beside, cost, middle, take_turns

TEXT = (
    "{what} The gateway without its ledger, the peer, and the gateway with its ledger take turns "
    "under the same load, {rounds} times each, all with a Valkey of their own that writes "
    "everything to disk before it answers; each row is the run in the middle by its cost. A load "
    "ends when all is delivered, and stored in the ledger if there is one. The peer is a common "
    "solution for the same job in JavaScript, configured as its authors advise for production "
    "(`tests/benchmarks/peers/bullmq`). {peer} It does nothing else. The gateway's figures "
    "include consent, identity, enrichment, the PII guard, five rules, and each vendor's mapping "
    "and signature. The row `null` under [The thinking](#the-thinking) shows what one event to one "
    "webhook costs with the same queue and delivery, but without these. "
)
SHOP = "One event in; GA4, Meta and a webhook that takes batches out."
ONE = "One event in, one signed webhook out."
SHOP_JOBS = ("meta", "ga4", "warehouse")
MAX_SHOP, MAX_ONE = 0.5, 1.0
MISSING = "Not measured: it needs its packages from npm (`tests/install-tools bench`)."


def shop(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Three destinations, beside Fastify and BullMQ; prints the ratio last."""
    return _section("shop", SHOP, MAX_SHOP, shop_configuration, SHOP_JOBS, plan, yardsticks)


def one(plan: Plan, yardsticks: Yardsticks) -> Section:
    """One webhook, beside Fastify and BullMQ."""
    return _section("webhook", ONE, MAX_ONE, configuration, ["webhook"], plan, yardsticks)


def _section(
    title: str,
    what: str,
    most: float,
    config: Callable[[str], str],
    names: Sequence[str],
    plan: Plan,
    yardsticks: Yardsticks,
) -> Section:
    """config: of the gateway, by the URL of the sink. names: of the peer's jobs."""
    heading = f"Beside Fastify and BullMQ: {title}"
    if not PEER.is_installed():
        row = ["not measured", *[""] * (len(COLUMNS) - 1)]
        return Section(heading, MISSING, COLUMNS, [row])
    runs = take_turns([PEER], names, config, plan, plan.peer_load, yardsticks.pace)
    found = {name: middle(each) for name, each in runs.items()}
    without, with_ledger = (beside(runs[name], runs[PEER.name]) for name in (WITHOUT, WITH))
    costs = f"{cost(found[WITHOUT]):.0f} µs to {cost(found[PEER.name]):.0f} µs"
    text = TEXT.format(what=what, rounds=plan.rounds_of_peer, peer=PEER.in_words())
    return Section(
        heading,
        text + LEGEND,
        COLUMNS,
        [run.row(name, yardsticks) for name, run in found.items()],
        [Goal(f"{title}, beside Fastify + BullMQ", without, most, "x", costs)],
        last=f"{title}: {without:.2f} times the peer, {with_ledger:.2f} with the ledger",
    )
