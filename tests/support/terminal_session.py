"""The `gateway` command on a terminal, as a person sees it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class TerminalSession:
    """Runs ``gateway *words`` on a terminal of 100 columns. screen: all that it has written."""

    def __init__(self, *words: str) -> None:
        ours, theirs = pty.openpty()
        self._terminal = ours
        environment = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, **environment},
            # as on a terminal, also when the tests run in the background
            preexec_fn=_heed_signals,
        )
        os.close(theirs)
        self.screen = ""

    def __enter__(self) -> TerminalSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)

    def wait_for(self, words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.screen:
            assert time.monotonic() < deadline, f"no {words!r} in {self.screen!r}"
            assert self._read(0.2) or self.process.poll() is None, self.screen

    def type(self, words: str) -> None:
        os.write(self._terminal, words.encode())

    def interrupt(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 60) -> int:
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        try:
            written = os.read(self._terminal, 65_536)
        except OSError:  # on Linux, the other end is closed
            return False
        self.screen += written.decode(errors="replace")
        return bool(written)
