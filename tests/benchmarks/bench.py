"""The benchmark: everything that runs in production, measured beside yardsticks.

    python -m tests.benchmarks.bench [--quick | --full] [--only NAME ...] [--output FOLDER]

Prints tables. A whole run writes docs/benchmarks.md and its plot; with --output into another
folder, which --quick and --only need to write at all. Linux only.

    bench.py          this command            measuring.py      one measurement
    scenarios/        what is measured        installation.py   the gateway, in parts
    plans.py          how much of it          children.py       other processes
    yardsticks.py     what it is beside       hammer.py         load, by wrk (wrk.lua)
    pace.py           how quick the cores     bodies.py         what is sent
    peers/            other ways to do it     null_app.py       the gateway without its thinking
    results.py        figures                 ../support/       CPU and memory, among others
    document.py       figures to text         machine.py        where it ran
    plot.py           figures to a plot
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.benchmarks.document import goals_in_words, markdown, plain
from tests.benchmarks.machine import describe, ticks
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import DEFAULT, FULL, QUICK, Plan
from tests.benchmarks.plot import draw
from tests.benchmarks.results import Results, Section, Yardsticks
from tests.benchmarks.scenarios import (
    all_peers,
    backlog,
    batches,
    beside_peer,
    cluster,
    delivered,
    growth,
    idle,
    latency,
    ledger_cost,
    memory,
    overload,
    paced,
    processes,
    ready,
    thinking,
)
from tests.benchmarks.yardsticks import again
from tests.benchmarks.yardsticks import measure as measure_yardsticks

DOCS = Path(__file__).parents[2] / "docs"
SCENARIOS: dict[str, Callable[[Plan, Yardsticks], Section]] = {
    "shop": beside_peer.shop,
    "webhook": beside_peer.one,
    "peers": all_peers.measure,
    "delivered": delivered.measure,
    "thinking": thinking.measure,
    "ledger": ledger_cost.measure,
    "batches": batches.measure,
    "paced": paced.measure,
    "latency": latency.measure,
    "backlog": backlog.measure,
    "destinations": growth.destinations,
    "sizes": growth.sizes,
    "webs": processes.webs,
    "workers": processes.workers,
    "waiting": memory.waiting,
    "memory": memory.processes,
    "idle": idle.measure,
    "ready": ready.measure,
    "overload": overload.measure,
    "cluster": cluster.measure,
}


def main() -> int:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL if arguments.full else DEFAULT
    load, since, began = os.getloadavg(), ticks(), time.monotonic()
    with Pace() as pace:
        pace.calibrate(plan.calibration)
        yardsticks = measure_yardsticks(plan.yardstick, pace)
        print(plain(yardsticks.section), flush=True)
        sections, failed = _measure(arguments.only or SCENARIOS, plan, yardsticks)
        sections.append(again(yardsticks, plan.yardstick))
        took = (
            f"the cores were {pace.slowness(began):.2f} times slower than at full pace; "
            f"it took {(time.monotonic() - began) / 60:.0f} minutes"
        )
    machine = [*describe(load, since), took, *failed]
    results = Results(_command(arguments), machine, sections)
    last = [section.last for section in sections if section.last]
    print("\n".join([*machine, "", goals_in_words(results.goals)]))
    output = arguments.output
    if output is None and not (arguments.quick or arguments.only):
        output = DOCS
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "benchmarks.md").write_text(markdown(results))
        if results.bars:
            draw(results.bars, yardsticks.asgi, output / "benchmarks.svg")
    for line in last:
        print(line, flush=True)
    return 1 if failed else 0


def _measure(
    names: Iterable[str], plan: Plan, yardsticks: Yardsticks
) -> tuple[list[Section], list[str]]:
    """The sections of the scenarios, and a line for each scenario that failed."""
    sections, failed = [], []
    for name in names:
        try:
            sections.append(SCENARIOS[name](plan, yardsticks))
            print(plain(sections[-1]), flush=True)
        except Exception:  # the other scenarios go on
            traceback.print_exc()
            failed.append(f"failed, and left out: {name}")
    return sections, failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="about four minutes")
    size.add_argument("--full", action="store_true", help="a backlog of a million events")
    parser.add_argument("--only", action="append", choices=SCENARIOS, metavar="NAME", help=_parts())
    parser.add_argument("--output", type=Path, help="folder for the document and the plot")
    return parser.parse_args()


def _parts() -> str:
    lines = (f"{name:13}{scenario.__doc__}" for name, scenario in SCENARIOS.items())
    return "\n".join(["a part, which may be repeated:", *lines])


def _command(arguments: argparse.Namespace) -> str:
    sizes = [f"--{size}" for size in ("quick", "full") if getattr(arguments, size)]
    given = " ".join([*sizes, *(f"--only {name}" for name in arguments.only or ())])
    return f'make bench ARGS="{given}"' if given else "make bench"


if __name__ == "__main__":
    sys.exit(main())
