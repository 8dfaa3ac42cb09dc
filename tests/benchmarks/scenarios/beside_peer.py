"""The gateway and its peer, taking turns under the same load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median

from tests.benchmarks import peer
from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.configurations import shop as shop_configuration
from tests.benchmarks.measuring import (
    COLUMNS,
    LEGEND,
    Loaded,
    Run,
    installation,
    under_load,
    warm_up,
)
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

TEXT = (
    "{what} The gateway without its ledger, the peer, and the gateway with its ledger take turns "
    "under the same load, {rounds} times each, all with a Valkey of their own that writes "
    "everything to disk before it answers; each row is the run in the middle by its cost. A load "
    "ends when all is delivered, and stored in the ledger if there is one. The peer is a common "
    "solution for the same job in JavaScript, configured as its authors advise for production "
    "(`tests/benchmarks/peer`): {versions}. Fastify puts a job for each destination into a queue "
    "of BullMQ, in one transaction, and answers when it is on disk; BullMQ's worker posts each "
    "with undici, 32 at a time, and would try again. It does nothing else. The gateway's figures "
    "include consent, identity, enrichment, the PII guard, five rules, and each vendor's mapping "
    "and signature. "
)
SHOP = "One event in; GA4, Meta and a webhook that takes batches out."
ONE = "One event in, one signed webhook out."
SHOP_JOBS = ("meta", "ga4", "warehouse")
MAX_SHOP, MAX_ONE = 0.5, 0.5
PEER, WITHOUT, WITH = "Fastify + BullMQ", "gateway, no ledger", "gateway, with the ledger"

Runs = dict[str, list[Run]]


def shop(plan: Plan, yardsticks: Yardsticks) -> Section:
    return _section("shop", SHOP, MAX_SHOP, shop_configuration, SHOP_JOBS, plan, yardsticks)


def one(plan: Plan, yardsticks: Yardsticks) -> Section:
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
    if not peer.is_installed():
        row = ["not measured", *[""] * (len(COLUMNS) - 1)]
        return Section(heading, peer.MISSING, COLUMNS, [row])
    runs = _in_turn(config, names, plan, yardsticks)
    middle = {name: sorted(each, key=_cost)[len(each) // 2] for name, each in runs.items()}
    without, with_ledger = (beside(runs[name], runs[PEER]) for name in (WITHOUT, WITH))
    costs = f"{_cost(middle[WITHOUT]):.0f} µs to {_cost(middle[PEER]):.0f} µs"
    text = TEXT.format(what=what, rounds=plan.rounds_of_peer, versions=peer.versions())
    return Section(
        heading,
        text + LEGEND,
        COLUMNS,
        [run.row(name, yardsticks) for name, run in middle.items()],
        [Goal(f"{title}, beside Fastify + BullMQ", without, most, "x", costs)],
        last=f"{title}: {without:.2f} times the peer, {with_ledger:.2f} with the ledger",
    )


def beside(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """The median of what a delivered event costs us, to theirs of the same round."""
    return median(_cost(our) / _cost(their) for our, their in zip(ours, theirs, strict=True))


def _in_turn(
    config: Callable[[str], str], names: Sequence[str], plan: Plan, yardsticks: Yardsticks
) -> Runs:
    body = Body(purchase())
    with CountingSink(record=True) as sink, ExitStack() as stack:
        started: dict[str, Loaded] = {
            WITHOUT: stack.enter_context(installation(NO_LEDGER + config(sink.url))),
            PEER: stack.enter_context(peer.peer(sink.url, names)),
            WITH: stack.enter_context(installation(config(sink.url))),
        }
        warm_up(started[PEER], body, peer.WARM_UP)
        runs: Runs = {name: [] for name in started}
        for _ in range(plan.rounds_of_peer):
            for name, each in started.items():
                runs[name].append(under_load(each, body, plan.peer_load, yardsticks.pace))
        accepted, arrived = sum(each.accepted() for each in started.values()), len(sink.arrivals())
        assert accepted == arrived, f"{accepted} events were accepted, and {arrived} arrived"
    return runs


def _cost(run: Run) -> float:
    return run.each.all
