"""How long `gateway run` takes until it accepts events."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.configurations import configuration
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.support.gateway_process import Gateway
from tests.support.process_stats import children, cpu_seconds

TEXT = (
    "From the start of `gateway run`, with its console and one destination, until `/readyz` "
    "answers 200, asked every 50 ms: in a new folder, and again in the same after it was stopped; "
    "{starts} times each, in turn. CPU of all of its processes until then, at full pace. In "
    "seconds; only those of CPU are corrected."
)
COLUMNS = ("", "starts", "median", "longest", "CPU", "slowness")
MAX_SECONDS = 2.5


@dataclass(frozen=True)
class Start:
    """Seconds until it was ready, and of CPU."""

    took: float
    cpu: float
    slowness: float


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Seconds from the start of `gateway run` until it is ready, and their CPU."""
    new, again = [], []
    for _ in range(plan.starts):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for found in (new, again):
                found.append(_start(Path(folder), yardsticks.pace))
    rows = {"in a new folder": new, "again": again}
    goals = [
        Goal(f"`gateway run` is ready, {title}", median(s.took for s in starts), MAX_SECONDS, "s")
        for title, starts in rows.items()
    ]
    text = TEXT.format(starts=plan.starts)
    return Section("Start", text, COLUMNS, [_row(*row) for row in rows.items()], goals)


def _start(folder: Path, pace: Pace) -> Start:
    """A destination that nothing is sent to needs no sink."""
    config = f"redis: {{data_dir: {folder}/data}}\n" + configuration("http://127.0.0.1:9")
    gateway, began = Gateway(folder, config).with_console(), time.monotonic()
    with gateway:
        took = time.monotonic() - began
        cpu = cpu_seconds([gateway.process.pid, *children(gateway.process.pid)])
        slowness = pace.slowness(began)
    return Start(took, cpu / slowness, slowness)


def _row(title: str, starts: Sequence[Start]) -> list[str]:
    took = [start.took for start in starts]
    others = (median(start.cpu for start in starts), median(start.slowness for start in starts))
    figures = (median(took), max(took), *others)
    return [title, str(len(starts)), *(f"{figure:.2f}" for figure in figures)]
