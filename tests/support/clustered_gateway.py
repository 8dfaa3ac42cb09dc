"""A gateway on a cluster: events on three nodes, RQ's jobs on a separate server, and any number of
web and worker processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from gateway.monitoring.numbers import DestinationNumbers, read_numbers
from gateway.redis_client.connect import connect_for_work
from gateway.system.processes import die_with_parent
from tests.support import plain_http
from tests.support.gateway_process import PATIENCE, free_port, pids_under, wait_for
from tests.support.keys import KEYS
from tests.support.valkey_cluster import Cluster
from tests.support.valkey_server import TcpServer

ON_DISK = ("--appendonly", "yes", "--appendfsync", "always")


class ClusteredGateway:
    """Runs within a `with` block. config: without `redis`. names: its destinations."""

    def __init__(
        self, folder: Path, config: str, names: Sequence[str], webs: int = 2, workers: int = 3
    ) -> None:
        self.folder, self.names, self.workers = folder, names, workers
        self.cluster = Cluster(folder / "cluster", *ON_DISK)
        self.jobs = TcpServer(folder / "jobs", "--save", "")
        self.ports = [free_port() for _ in range(webs)]
        redis = f'redis: {{url: "{self.cluster.url}", jobs_url: "{self.jobs.url}"}}\n'
        self.config = folder / "gateway.yaml"
        self.config.write_text(redis + config)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._words: dict[str, Sequence[str]] = {}

    def __enter__(self) -> ClusteredGateway:
        with ExitStack() as started:
            self.log = started.enter_context((self.folder / "gateway.log").open("ab"))
            started.enter_context(self.jobs)
            started.enter_context(self.cluster)
            started.callback(self._stop_processes)
            for number, port in enumerate(self.ports):
                operators = ("--operators-port", str(free_port()))
                self._start(f"web {number}", "serve", "--port", str(port), *operators)
            self._start("work", "work", "--processes", str(self.workers))
            wait_for(lambda: all(map(_is_ready, self.ports)), 60, "the web processes to be ready")
            self._stop = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()

    def _stop_processes(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(60)

    def _start(self, name: str, *words: str) -> None:
        self._words[name] = words
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "gateway", *words, "--config", str(self.config)],
            cwd=self.folder,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )

    def kill(self, name: str) -> None:
        """Kills a web process and starts it again; or kills the workers or the ledger's writer,
        which `gateway work` starts again."""
        if name in self.processes:
            self.processes[name].kill()
            self.processes[name].wait(60)
            self._start(name, *self._words[name])
        for pid in pids_under(self.processes["work"].pid, f"gateway {name}"):
            os.kill(pid, signal.SIGKILL)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command with the configuration of this gateway."""
        command = [sys.executable, "-m", "gateway", *words, "--config", str(self.config)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)

    def wait_until_drained(self, seconds: float) -> dict[str, DestinationNumbers]:
        """The numbers of each destination, once nothing is pending any more. seconds: the longest
        time that this takes on an idle machine."""
        seconds *= PATIENCE

        async def wait() -> dict[str, DestinationNumbers]:
            async with (
                connect_for_work(self.cluster.url) as redis,
                asyncio.timeout(seconds),
            ):
                while True:
                    numbers = (await read_numbers(redis, KEYS, self.names)).destinations
                    if not any(each.pending for each in numbers.values()):
                        return dict(numbers)
                    await asyncio.sleep(0.1)

        return asyncio.run(wait())

    def jobs_were_there(self) -> bool:
        """Whether the jobs' server has keys of RQ and none of the gateway."""
        with self.jobs.client() as redis:
            return bool(redis.keys("rq:*")) and not redis.keys("gw:*")


def _is_ready(port: int) -> bool:
    try:
        return plain_http.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
