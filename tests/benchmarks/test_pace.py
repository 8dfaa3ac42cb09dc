"""The pace of the cores: from real samples of them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from pace import MOST, Pace


def test_only_what_was_sampled_meanwhile_counts() -> None:
    with Pace() as pace:
        pace.calibrate(0.5)
        calibrated = time.monotonic()
        time.sleep(0.5)
        later = time.monotonic()
        samples = pace._samples(0, later)
        assert len(pace._samples(calibrated, later)) < len(samples)
        assert pace._quickest <= sorted(samples)[len(samples) // 2]
        assert 0.5 < pace.slowness(calibrated, later) <= MOST
