"""SIGHUP does not end a process that is starting."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from gateway.cli.main import main
from gateway.system.hangup import hangup_ignored


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_it_is_ignored_for_a_time_by_the_process_and_those_that_it_starts() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGHUP)"
    with hangup_ignored():
        signal.raise_signal(signal.SIGHUP)
        assert subprocess.run([sys.executable, "-S", "-c", code]).returncode == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.parametrize("command", ["run", "serve", "work"])
def test_commands_that_stay_ignore_it_from_the_start(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def load(*_: object) -> None:
        seen.append(signal.getsignal(signal.SIGHUP))
        raise SystemExit(2)

    monkeypatch.setattr("gateway.cli.main.load", load)
    CliRunner().invoke(main, [command])
    assert seen == [signal.SIG_IGN]
