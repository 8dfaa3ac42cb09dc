"""Processes that a benchmark starts: they end with it, however it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

from gateway.system.processes import die_with_parent
from tests.support.gateway_process import free_port, wait_for

HERE = Path(__file__).parent


class Child:
    """A process of `program` with `words` as its command line, in `folder`."""

    program: Sequence[str] = (sys.executable,)

    def __init__(self, words: Sequence[str], folder: Path | None = None) -> None:
        self._words, self._folder = words, folder
        self.log = subprocess.DEVNULL if folder is None else (folder / "log.txt").open("ab")

    def start(self) -> Self:
        self.process = subprocess.Popen(
            [*self.program, *self._words],
            cwd=self._folder,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        return self

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listens_at(self, port: int) -> bool:
        assert self.process.poll() is None, f"ended: {' '.join(self._words)}"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            return False


class CountingSink(Child):
    """`counting_sink.py` at a port of its own."""

    def __init__(self, record: bool = False) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        more = ["--record"] if record else []
        super().__init__([str(HERE / "counting_sink.py"), str(self.port), *more])

    def start(self) -> Self:
        super().start()
        wait_for(lambda: self._listens_at(self.port), 10, "the sink to listen")
        return self

    def arrivals(self) -> dict[str, float]:
        """When each event came first, by its id and the monotonic clock."""
        rows = (line.split() for line in httpx.get(f"{self.url}/arrivals").text.splitlines())
        return {event_id: float(at) for event_id, at in rows}


class App(Child):
    """An application, served as the gateway's own is."""

    def __init__(self, name: str, port: int, *more: str) -> None:
        self.port = port
        options = ["--port", str(port), "--app-dir", str(HERE), "--log-level", "error"]
        server = ["--http", "httptools", "--loop", "uvloop", "--ws", "none", "--no-access-log"]
        super().__init__(["-m", "uvicorn", name, *options, *server, *more])

    def start(self) -> Self:
        super().start()
        wait_for(lambda: self._listens_at(self.port), 20, "the bare application to listen")
        return self


class BareApp(App):
    """One of the applications in `bare_apps.py`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"bare_apps:{name}", free_port())


class NullApp(App):
    """`null_app.py` for the destinations in the file `config`."""

    def __init__(self, config: Path, redis_url: str, port: int) -> None:
        super().__init__("null_app:create", port, "--factory", "--lifespan", "off")
        variables = (f"NULL_CONFIG={config}", f"NULL_REDIS_URL={redis_url}")
        self.program = ("env", *variables, sys.executable)
