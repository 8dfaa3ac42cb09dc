"""What the ledger costs: CPU of a delivered event, and memory of all of `gateway run`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.installation import Cpu
from tests.benchmarks.measuring import WARM_UP, installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.support.gateway_process import Gateway
from tests.support.load_generator import post_many
from tests.support.process_stats import children, memories

TEXT = (
    "One event in and one out, with the ledger and without: two installations that take turns "
    "under load. A load ends when the ledger has stored all of its events, and `worker` includes "
    "the process that writes the ledger. Microseconds of CPU for each event, at full pace, the "
    "median of {pairs} loads each. Memory: all of `gateway run` with its console (PSS, in MB), "
    "idle after some events."
)
MAX_RATIO, MAX_MEMORY = 1.15, 300
REST_SECONDS = 5.0
"""Until drains sleep, so that all is idle."""


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    with CountingSink() as sink:
        config = configuration(sink.url)
        without, with_ledger = _costs(plan, yardsticks, config)
        memory = [_proportional(NO_LEDGER + config), _proportional(config)]
    added = with_ledger - without
    costs = (without, with_ledger, added)
    shown = (*memory, memory[1] - memory[0])
    names = ("without", "with the ledger", "added")
    ratio = with_ledger.all / without.all
    return Section(
        "What the ledger costs",
        TEXT.format(pairs=plan.pairs),
        ("", "web", "worker", "store", "all", "memory"),
        [_row(*each) for each in zip(names, costs, shown, strict=True)],
        [
            Goal(
                "delivered with the ledger, to without",
                *(ratio, MAX_RATIO, "x"),
                f"{with_ledger.all:.0f} µs to {without.all:.0f} µs",
            ),
            Goal("memory of all of `gateway run`, idle", memory[1], MAX_MEMORY, "MB"),
        ],
    )


def _costs(plan: Plan, yardsticks: Yardsticks, config: str) -> tuple[Cpu, Cpu]:
    """Of an event without the ledger and with it."""
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


def _proportional(config: str) -> float:
    """MB of all processes of `gateway run` with this configuration, once they are idle."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = f"redis: {{data_dir: {folder}/data}}\n"
        with Gateway(Path(folder), data + config).with_console() as gateway:
            uvloop.run(
                post_many(gateway.port, "/collect", Body(purchase()).numbered("m", WARM_UP), 8)
            )
            gateway.wait_until_delivered("d0")
            time.sleep(REST_SECONDS)
            pids = [gateway.process.pid, *children(gateway.process.pid)]
            return sum(each.proportional for each in memories(pids))


def _row(name: str, each: Cpu, memory: float) -> list[str]:
    costs = (each.web, each.worker, each.store, each.all)
    return [name, *(f"{cost:.0f}" for cost in costs), f"{memory:.0f}"]
