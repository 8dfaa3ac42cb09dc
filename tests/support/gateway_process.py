"""A real gateway in a folder of its own: every process that `gateway run` starts."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from tests.support import plain_http

T = TypeVar("T")
Labels = frozenset[tuple[str, str]]


_held: list[socket.socket] = []


def free_port() -> int:
    """A port that the system gives to no other process on any IPv4 address while this one runs. A
    server that sets SO_REUSEADDR, as all of ours do, can listen on it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("", 0))
    port = int(holder.getsockname()[1])
    if sys.platform == "linux":
        _held.append(holder)
    else:  # elsewhere the socket would block the server
        holder.close()
    return port


def refuses(port: int) -> bool:
    """Whether nothing listens on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


PATIENCE = 3
"""How many times longer a wait may take on a machine that is busy with other tests."""


def wait_for(condition: Callable[[], T], seconds: float, what: str) -> T:
    """What `condition` returns, once it is true. seconds: the longest time that this takes on an
    idle machine."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return found


class Gateway:
    """`gateway run` with the configuration `config`, files under `folder`."""

    def __init__(
        self, folder: Path, config: str, environment: Mapping[str, str] | None = None, *more: str
    ) -> None:
        self.folder, self.port, self.operators_port = folder, free_port(), free_port()
        self.config = folder / "gateway.yaml"
        self.config.write_text(config)
        self.url = f"http://127.0.0.1:{self.port}"
        self.operators_url = f"http://127.0.0.1:{self.operators_port}"
        self._environment = {**os.environ, "DATA_DIR": str(folder / "data"), **(environment or {})}
        self._console = ["--no-console"]
        self.console_port = 0
        self._more = more

    def with_console(self) -> Self:
        self.console_port = free_port()
        self._console = ["--console-port", str(self.console_port)]
        return self

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def console_link(self) -> str:
        """The newest link that signs in once."""

        def printed() -> list[str]:
            return re.findall(r"console +(http\S+/link/\S+)", self.log.read_text())

        return wait_for(printed, 60, "the link to the console")[-1]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.log = self.folder / "gateway.log"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gateway",
                "run",
                "--config",
                str(self.config),
                "--port",
                str(self.port),
                "--operators-port",
                str(self.operators_port),
                *self._console,
                *self._more,
            ],
            cwd=self.folder,
            env=self._environment,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        wait_for(self._is_ready, 60, "the gateway to be ready")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return plain_http.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def wait_for_console(self) -> None:
        wait_for(lambda: not refuses(self.console_port), 60, "the console to be ready")

    def stop(self, seconds: float = 60) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def wait_until_gone(self) -> None:
        """Waits, after a SIGKILL of the supervisor, until its web processes have ended: the kernel
        ends them with it, but they answer for a moment longer."""
        self.process.wait(60)
        wait_for(lambda: refuses(self.port), 60, "the web processes to end")

    def pids(self, words: str) -> list[int]:
        """The processes under this gateway whose command line has `words` in it."""
        return pids_under(self.process.pid, words)

    def kill(self, words: str) -> int:
        """Sends SIGKILL to the first process whose command line has `words` in it. Waits until
        there is one."""
        pid = wait_for(lambda: self.pids(words), 60, f"{words} to run")[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def metrics(self) -> dict[tuple[str, Labels], float]:
        text = plain_http.get(f"{self.operators_url}/metrics", timeout=60).text
        pattern = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
        return {
            (name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))): float(value)
            for name, labels, value in pattern.findall(text)
        }

    def outcomes(self, destination: str) -> dict[str, int]:
        """Events of `destination` by outcome, with those that are pending, at one moment."""
        return self.books()[destination]

    def books(self) -> dict[str, Counter[str]]:
        """Events of each destination by outcome, with those that are pending. The counts of one
        destination are of one moment."""
        books: dict[str, Counter[str]] = {}
        for (name, labels), value in self.metrics().items():
            of = dict(labels)
            if name == "gateway_events_total":
                books.setdefault(of["destination"], Counter())[of["outcome"]] = int(value)
            if name == "gateway_pending_events":
                books.setdefault(of["destination"], Counter())["pending"] = int(value)
        return books

    def command(self, *words: str) -> str:
        """What `gateway <words>` prints."""
        ended = self._run(*words)
        ended.check_returncode()
        return ended.stdout

    def audit(self) -> str:
        """What `gateway audit` prints if Redis and the ledger do not balance; else ""."""
        ended = self._run("audit")
        return f"{ended.stdout}{ended.stderr}" if ended.returncode else ""

    def audit_data(self) -> dict[str, Any]:
        """What `gateway audit --json` prints, whether all balances or not."""
        read: dict[str, Any] = json.loads(self._run("audit", "--json").stdout)
        return read

    def wait_until_stored(self) -> None:
        """Waits until the ledger has stored all that has happened. An audit may balance before:
        it counts what the ledger has yet to store."""

        def stored() -> bool:
            printed = self._run("audit", "--json").stdout  # nothing before the ledger has begun
            return bool(printed) and not json.loads(printed)["records_waiting"]

        wait_for(stored, 60, "the ledger to have it all")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *words, "--config", str(self.config)]
        return subprocess.run(
            [*self.words_before_commands(), *command],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
        )

    def words_before_commands(self) -> list[str]:
        """Words before each command. Subclasses use them to give it the gateway's view of the
        disk."""
        return []

    def wait_until_delivered(self, destination: str, seconds: float = 60) -> dict[str, int]:
        """Waits until nothing is pending any more."""
        wait_for(
            lambda: self.outcomes(destination)["pending"] == 0, seconds, f"{destination} to drain"
        )
        return self.outcomes(destination)


def adds_up(outcomes: Mapping[str, int]) -> bool:
    endings = ("withheld", "delivered", "rejected", "expired", "pending")
    return outcomes["accepted"] == sum(outcomes[ending] for ending in endings)


def pids_under(parent: int, words: str) -> list[int]:
    """`parent` and the processes under it whose command line has `words` in it."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    family = {parent}
    while more := {int(p) for p, parent_of, _ in rows if int(parent_of) in family} - family:
        family |= more
    return [int(pid) for pid, _, line in rows if int(pid) in family and words in line]
