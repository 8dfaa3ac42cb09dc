"""A clock that is wrong, or jumps, for a program and all that it starts.

    python tests/support/fake_clock.py DAYS COMMAND...

runs COMMAND as if DAYS days had passed; a negative number goes back.

fake_clock.c, compiled and preloaded, answers in the kernel's place when a program asks for the time
of day. libfaketime would do the same, but its version 0.9.10 confuses clocks: when Python sleeps,
with `clock_nanosleep` until a time of the monotonic clock, it takes that time for one of the
fake clock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("fake_clock.c")
HOUR = 3600.0
DAY = 24 * HOUR


class FakeClock:
    """Shows the time of this process until it jumps."""

    def __init__(self, folder: Path) -> None:
        self._library, self._file = folder / "fake_clock.so", folder / "clock"
        words = ["cc", "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE)]
        subprocess.run(words, check=True)
        here = os.environ.get("FAKE_CLOCK")
        self._file.write_bytes(Path(here).read_bytes() if here else bytes(8))

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that make a program, and whatever it starts, use this clock."""
        return {"LD_PRELOAD": str(self._library), "FAKE_CLOCK": str(self._file)}

    def jump(self, seconds: float) -> None:
        """Moves the clock by `seconds`, in all programs at the same moment."""
        with self._file.open("r+b") as file:
            ahead = int.from_bytes(file.read(), sys.byteorder, signed=True) + int(seconds)
            file.seek(0)
            file.write(ahead.to_bytes(8, sys.byteorder, signed=True))


def without_fake_clock() -> dict[str, str]:
    """The environment of a program that needs the real time, since certificates of other people's
    servers are valid only for months."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def why_not(folder: Path) -> str:
    """Why the clock cannot be set on this machine; "" if it can."""
    if sys.platform != "linux" or shutil.which("cc") is None:
        return "Linux and a C compiler (cc) are needed"
    folder.mkdir(parents=True, exist_ok=True)
    clock = FakeClock(folder)
    clock.jump(2 * HOUR)
    asked = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={**os.environ, **clock.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    moved = float(asked.stdout) - time.time()
    return "" if abs(moved - 2 * HOUR) < 60 else f"the clock moved by {moved:.0f} s"


def run(days: float, command: list[str]) -> int:
    """The exit status of `command`, run `days` days from now."""
    with tempfile.TemporaryDirectory(prefix="clock-") as name:
        folder = Path(name)
        if reason := why_not(folder / "try"):
            sys.exit(f"The clock cannot be set on this machine: {reason}.")
        clock = FakeClock(folder)
        clock.jump(days * DAY)
        return subprocess.run(command, env={**os.environ, **clock.environment}).returncode


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), sys.argv[2:]))
