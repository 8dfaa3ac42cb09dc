"""Times the same little piece of work on one core again and again.

    python tests/benchmarks/pace_sampler.py CORE FILE

Each line of the file: when, by the monotonic clock, and how many microseconds of CPU it took.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import sys
import time
from pathlib import Path

from tests.benchmarks.bodies import purchase

APART = 0.05
"""Seconds. The work takes 0.3 ms, so all of this takes less than a hundredth of a core."""


def main(core: int, path: Path) -> None:
    os.sched_setaffinity(0, {core})
    gc.disable()
    text = purchase()
    with path.open("a", buffering=1) as file:
        while True:
            _work(text)  # so that the state of the core's caches does not count
            began = time.thread_time_ns()
            _work(text)
            took = time.thread_time_ns() - began
            file.write(f"{time.monotonic()} {took / 1000}\n")
            time.sleep(APART)


def _work(text: str) -> None:
    """A mixture that slows down as much as the gateway's own code does."""
    event = copy.deepcopy(json.loads(text))
    json.dumps(event, indent=1)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
