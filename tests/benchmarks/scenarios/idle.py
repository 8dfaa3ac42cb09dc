"""What all of `gateway run` takes while nothing happens."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.measuring import WARM_UP
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.support.gateway_process import Gateway
from tests.support.load_generator import post_many
from tests.support.process_stats import children, command_line, cpu_seconds, memory

TEXT = (
    "All processes of `gateway run` with its console and one destination, some seconds after "
    f"{WARM_UP} events, with the ledger and without. Memory of each (PSS: with its share of the "
    "pages that it shares with others) in MB; those of one kind are one row. CPU of all of them "
    "in the {seconds} seconds after that, in thousandths of a core at full pace."
)
MAX_MEMORY = 300
REST_SECONDS = 5.0
"""Until drains sleep, so that all is idle."""
ALL, CPU = "all", "thousandths of a core"


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Memory of all of `gateway run` while idle (PSS), with the ledger and without, and CPU."""
    with CountingSink() as sink:
        config = configuration(sink.url)
        without, with_ledger = (
            _idle(text, plan.load, yardsticks.pace) for text in (NO_LEDGER + config, config)
        )
    names = [*(name for name in with_ledger if name not in (ALL, CPU)), ALL, CPU]
    return Section(
        "Idle",
        TEXT.format(seconds=plan.load),
        ("", "without the ledger", "with the ledger"),
        [[name, *(_shown(each, name) for each in (without, with_ledger))] for name in names],
        [Goal("memory of all of `gateway run`, idle", with_ledger[ALL], MAX_MEMORY, "MB")],
    )


def _idle(config: str, seconds: int, pace: Pace) -> dict[str, float]:
    """MB of the processes of each kind and of all, and thousandths of a core of all."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = f"redis: {{data_dir: {folder}/data}}\n"
        with Gateway(Path(folder), data + config).with_console() as gateway:
            requests = Body(purchase()).numbered("m", WARM_UP)
            uvloop.run(post_many(gateway.port, "/collect", requests, 8))
            gateway.wait_until_delivered("d0")
            gateway.wait_for_console()
            time.sleep(REST_SECONDS)
            pids = [gateway.process.pid, *children(gateway.process.pid)]
            before, began = cpu_seconds(pids), time.monotonic()
            time.sleep(seconds)
            spent = (cpu_seconds(pids) - before) / pace.slowness(began)
            found: Counter[str] = Counter()
            for pid in pids:
                found[_kind(command_line(pid))] += memory(pid).proportional
    return {**found, ALL: sum(found.values()), CPU: 1000 * spent / seconds}


def _kind(words: str) -> str:
    """What a process is, by its command line."""
    found = re.search(r"valkey-server|gateway [\w-]+", words)
    return found[0] if found else words.split()[0]


def _shown(found: dict[str, float], name: str) -> str:
    return f"{found[name]:.0f}" if name in found else ""
