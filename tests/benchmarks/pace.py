"""How quick the cores are while something is measured.

A core that is one half of a real one takes up to twice as long for the same work while the other
half is busy, with another guest of the machine or with what is measured, and nothing in /proc
tells. So a little piece of work is timed on each core all the while, and CPU times are divided by
how much longer than at best it took meanwhile.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import fmean
from typing import Self

from tests.benchmarks.children import HERE, Child
from tests.support.gateway_process import wait_for

MOST = 3.0
"""Work that takes more than this many times as long as the quickest was interrupted."""


class Pace:
    """Samples every core as long as it is open."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._files: list[Path] = []
        self._samplers: list[Child] = []
        for core in sorted(os.sched_getaffinity(0)):
            self._files.append(Path(self._folder.name) / str(core))
            words = [str(HERE / "pace_sampler.py"), str(core), str(self._files[-1])]
            self._samplers.append(Child(words).start())
        wait_for(self._has_begun, 30, "a sample of each core")
        return self

    def __exit__(self, *_: object) -> None:
        for sampler in self._samplers:
            sampler.stop()
        self._folder.cleanup()

    def calibrate(self, seconds: float) -> None:
        """Takes the quickest that is seen within `seconds`, in which nothing else may be done, for
        the machine's full pace."""
        began = time.monotonic()
        time.sleep(seconds)
        took = sorted(self._samples(began, time.monotonic()))
        self._quickest = took[len(took) // 100]

    def slowness(self, began: float, ended: float | None = None) -> float:
        """How many times longer than at full pace the same work took between `began` and `ended`,
        or now, by the monotonic clock."""
        took = self._samples(began, time.monotonic() if ended is None else ended)
        return fmean(min(each / self._quickest, MOST) for each in took)

    def _has_begun(self) -> bool:
        return all(file.exists() and file.stat().st_size for file in self._files)

    def _samples(self, began: float, ended: float) -> list[float]:
        """Microseconds."""
        lines = [line.split() for file in self._files for line in file.read_text().splitlines()]
        return [float(took) for at, took in lines if began <= float(at) <= ended]
