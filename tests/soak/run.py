"""The soak test: real processes, really killed, and a vendor that misbehaves.

    python -m tests.soak.run [--scenario kills ...] [--short] [--seed N ...]
    python -m tests.soak.run --scenario flat --hours 1
    python -m tests.soak.run --scenario small --minutes 60

Prints the results of each scenario and, at the end, a table of all promises. Ends with status 1 if
one was not kept. Everything is on this machine: traffic goes to 127.0.0.1, files to a temporary
folder that is removed if all went well. The numbers apply to the scenarios that have them;
`--hours` selects another form of `flat`, which lasts that long.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from tests.soak.summary import LINES, Summary

NUMBERS = {
    "events": int,
    "kills": int,
    "seed": int,
    "hanging": int,
    "hours": float,
    "minutes": float,
}
FORM_OF_HOURS = {"flat": "flat_hours"}
SCENARIOS = [name for name in LINES if name not in FORM_OF_HOURS.values()]


def run(name: str, short: bool, numbers: dict[str, float], summary: Summary) -> bool:
    """Runs the scenario `name` and prints its results. Returns whether all promises were kept."""
    scenario = import_module(f"tests.soak.scenario_{name}")
    plan = scenario.SHORT if short else scenario.Plan()
    known = {field.name for field in dataclasses.fields(plan)}
    plan = dataclasses.replace(plan, **{key: n for key, n in numbers.items() if key in known})
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    began = time.monotonic()
    report = asyncio.run(scenario.run(folder, plan))
    report.row("took", f"{time.monotonic() - began:.0f} s")
    print(report, flush=True)
    summary.add(name, plan, report)
    if report.failures:
        print(f"logs and record: {folder}", flush=True)
    else:
        shutil.rmtree(folder)
    return not report.failures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="may be repeated")
    parser.add_argument("--short", action="store_true", help="as in `make test`")
    for number, kind in NUMBERS.items():
        parser.add_argument(f"--{number}", type=kind)
    given = parser.parse_args()
    numbers = {key: getattr(given, key) for key in NUMBERS if getattr(given, key) is not None}
    summary = Summary()
    forms = FORM_OF_HOURS if given.hours else {}
    names = [forms.get(name, name) for name in given.scenario or SCENARIOS]
    kept = [run(name, given.short, numbers, summary) for name in names]
    print(f"\n{summary}", flush=True)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
