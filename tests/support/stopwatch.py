"""Durations that go on changing while a test looks at them."""

from __future__ import annotations

import time

import pytest

MARGIN = 0.1
"""Seconds by which clocks and roundings may differ."""


class Stopwatch:
    """Allows for the real time since it was made, however slow the machine is. Its answers are
    compared with ``==``."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def left(self, seconds: float, margin: float = MARGIN) -> object:
        """What may be left now of a duration of `seconds` that began after the stopwatch was
        made."""
        return self._approximately(seconds, -1, margin)

    def age(self, seconds: float, margin: float = MARGIN) -> object:
        """How old something may be now that was `seconds` old after the stopwatch was made."""
        return self._approximately(seconds, 1, margin)

    def _approximately(self, seconds: float, sign: int, margin: float) -> object:
        half = (time.monotonic() - self._began) / 2
        return pytest.approx(seconds + sign * half, abs=half + margin)
