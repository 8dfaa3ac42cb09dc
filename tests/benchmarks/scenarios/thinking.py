"""What the gateway thinks about an event: delivered, minus the same way without any thought."""

from __future__ import annotations

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.measuring import Run, installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Section, Yardsticks

TEXT = (
    "One event in and one webhook out, without the ledger, beside the same uvicorn, group commit, "
    "streams and drains with nothing in between (`tests/benchmarks/null_app.py`): no consent, "
    "identity, enrichment, PII guard, rules or validation, and no limits for senders. Both take "
    "turns under load, {rounds} times; the run in the middle of each. Microseconds of CPU for each "
    "event, at full pace."
)


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """The same without the ledger, beside `null`: the gateway without its thinking."""
    body = Body(purchase())
    runs: tuple[list[Run], list[Run]] = ([], [])
    with CountingSink() as sink:
        config = NO_LEDGER + configuration(sink.url)
        with installation(config) as gateway, installation(config, webs=0) as null:
            for _ in range(plan.rounds_of_peer):
                for found, each in zip(runs, (gateway, null), strict=True):
                    found.append(under_load(each, body, plan.load, yardsticks.pace))
    delivered, nothing = (sorted(each, key=lambda run: run.each.all) for each in runs)
    costs = delivered[len(delivered) // 2].each, nothing[len(nothing) // 2].each
    named = {"delivered": costs[0], "null": costs[1], "the thinking": costs[0] - costs[1]}
    return Section(
        "The thinking",
        TEXT.format(rounds=plan.rounds_of_peer),
        ("", "web", "worker", "store", "all", "x bare ASGI"),
        [
            [name, *(f"{part:.0f}" for part in parts), yardsticks.times(parts[-1])]
            for name, cost in named.items()
            for parts in [(cost.web, cost.worker, cost.store, cost.all)]
        ],
    )
