"""A real Valkey for tests: the gateway's own embedded server, run as a program."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from redis import Redis
from running import wait_for

from gateway.embedded import EmbeddedServer
from gateway.processes import die_with_parent


class Valkey:
    """The embedded server with its files in `folder`, from `start` to `stop`."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedServer(folder)
        self.url = self._server.url

    def __enter__(self) -> Valkey:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._server.command(), preexec_fn=lambda: die_with_parent(signal.SIGKILL)
        )
        try:
            wait_for(self._server.is_ready, 5, "Valkey to be ready")
        except AssertionError:
            self.kill()
            raise

    def client(self) -> Redis:
        return Redis.from_url(self.url, protocol=2)

    def empty(self) -> None:
        """Takes everything out, limits too."""
        with self.client() as redis:
            redis.config_set("maxmemory", 0)
            redis.flushall()

    def stop(self) -> None:
        self.resume()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """From now on it answers nothing, and connections to it stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(10)
