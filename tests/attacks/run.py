"""Runs every attack of `tests.attacks.attacks` on a real gateway, and writes docs/security.md.

    python -m tests.attacks.run [--only WORDS ...]

Neighbours send events meanwhile. Prints the results, and exits with status 1 if something is not as
promised. With `--only`, it runs the attacks that have the words in their name, and writes nothing.
Everything runs on this machine, in a temporary folder that is removed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from gateway.system.processes import allow_many_files
from tests.attacks.attacks import ATTACKS
from tests.attacks.document import PATH, report, written
from tests.attacks.measuring import Measured, measure, measure_normal
from tests.attacks.request_cost import measure_cost
from tests.attacks.target import Target
from tests.benchmarks.machine import others, ticks, versions

NORMAL_SECONDS = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], metavar="WORDS")
    only = parser.parse_args().only
    chosen = [each for each in ATTACKS if not only or any(words in each.name for words in only)]
    load, since = os.getloadavg(), ticks()
    allow_many_files()
    cost = measure_cost()
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder, Target(Path(folder)) as target:
        normal = measure_normal(target, NORMAL_SECONDS)
        found: list[Measured] = []
        for attack in chosen:
            print(attack.name, flush=True)
            found.append(measure(target, attack, attack.seconds))
            for problem in found[-1].problems():
                print(f"  NOT AS PROMISED: {problem}", flush=True)
    text = report([*versions(), others(load, since)], normal, found, cost)
    print(text)
    if not only:
        PATH.write_text(written(PATH.read_text(), text))
    return int(any(each.problems() for each in found))


if __name__ == "__main__":
    sys.exit(main())
