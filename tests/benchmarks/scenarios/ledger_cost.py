"""What the ledger costs a delivered event."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.installation import Cpu
from tests.benchmarks.measuring import installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

TEXT = (
    "One event in and one out, with the ledger and without: two installations that take turns "
    "under load. A load ends when the ledger has stored all of its events, and `worker` includes "
    "the process that writes the ledger. Microseconds of CPU for each event, at full pace, the "
    "median of {pairs} loads each."
)
MAX_RATIO = 1.15


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """The same with the ledger and without."""
    with CountingSink() as sink:
        config = configuration(sink.url)
        without, with_ledger = _costs(plan, yardsticks, config)
    costs = {"without": without, "with the ledger": with_ledger, "added": with_ledger - without}
    ratio = with_ledger.all / without.all
    return Section(
        "What the ledger costs",
        TEXT.format(pairs=plan.pairs),
        ("", "web", "worker", "store", "all"),
        [_row(*each) for each in costs.items()],
        [
            Goal(
                "delivered with the ledger, to without",
                *(ratio, MAX_RATIO, "x"),
                f"{with_ledger.all:.0f} µs to {without.all:.0f} µs",
            )
        ],
    )


def _costs(plan: Plan, yardsticks: Yardsticks, config: str) -> tuple[Cpu, Cpu]:
    """The costs of an event without the ledger and with it."""
    body = Body(purchase())
    runs: tuple[list[Cpu], list[Cpu]] = ([], [])
    with installation(NO_LEDGER + config) as without, installation(config) as with_ledger:
        for _ in range(plan.pairs):
            for found, gateway in zip(runs, (without, with_ledger), strict=True):
                run = under_load(gateway, body, plan.short_load, yardsticks.pace)
                found.append(run.each)
    return _median(runs[0]), _median(runs[1])


def _median(runs: Sequence[Cpu]) -> Cpu:
    """The run in the middle by all of its cost, so that its parts belong together."""
    return sorted(runs, key=lambda run: run.all)[len(runs) // 2]


def _row(name: str, each: Cpu) -> list[str]:
    return [name, *(f"{cost:.0f}" for cost in (each.web, each.worker, each.store, each.all))]
