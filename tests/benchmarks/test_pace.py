"""The pace of the cores: from real samples of them."""

from __future__ import annotations

import time

from tests.benchmarks.pace import MOST, Pace
from tests.support.gateway_process import wait_for


def test_only_what_was_sampled_meanwhile_counts() -> None:
    with Pace() as pace:
        pace.calibrate(0.5)
        calibrated = time.monotonic()
        wait_for(lambda: pace._samples(calibrated, time.monotonic()), 10, "more samples")
        later = time.monotonic()
        samples = pace._samples(0, later)
        assert len(pace._samples(calibrated, later)) < len(samples)
        assert pace._quickest <= sorted(samples)[len(samples) // 2]
        assert 0.5 < pace.slowness(calibrated, later) <= MOST
