"""A real gateway in parts, so that each can be started, stopped and counted by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from redis import Redis

from gateway.configuration.load import load_settings
from tests.benchmarks.children import Child, NullApp
from tests.support.gateway_process import free_port, wait_for
from tests.support.keys import KEYS
from tests.support.process_stats import children, cpu_seconds, listeners, parent, title
from tests.support.valkey_server import Valkey

WORKER = "gateway worker"
"""The title of a worker, and of its children."""


@dataclass(frozen=True)
class Cpu:
    """Seconds, or microseconds for each event. worker: with everything that `gateway work` starts.
    store: Valkey."""

    web: float
    worker: float
    store: float

    @property
    def all(self) -> float:
        return self.web + self.worker + self.store

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.web + other.web, self.worker + other.worker, self.store + other.store)

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.web - other.web, self.worker - other.worker, self.store - other.store)

    def __truediv__(self, number: float) -> Cpu:
        return Cpu(self.web / number, self.worker / number, self.store / number)


class Installation:
    """The embedded Valkey with its files in `folder`, where every write is on disk before it is
    answered; web processes (`gateway serve`) and workers (`gateway work`) once they are started."""

    def __init__(self, folder: Path, config: str) -> None:
        self._folder, self._config = folder, folder / "gateway.yaml"
        data = folder / "data"
        self._config.write_text(f"redis: {{data_dir: {json.dumps(str(data))}}}\n{config}")
        self._store = Valkey(data)
        self.webs: list[Child] = []
        self.port, self.operators_port = free_port(), free_port()
        self.work: Child | None = None
        self.destinations = list(load_settings(self._config).destinations)

    def __enter__(self) -> Self:
        self._store.start()
        self.redis: Redis = self._store.client()
        self._store_pid = int(self.redis.info("server")["process_id"])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_workers()
        for web in self.webs:
            web.stop()
        self.redis.close()
        self._store.stop()

    def start_web(self, processes: int = 1) -> None:
        """Starts web processes, which share a port."""
        words = ["--port", str(self.port), "--operators-port", str(self.operators_port)]
        words.append("--share-port")
        self.webs = [self._command("serve", *words) for _ in range(processes)]
        wait_for(lambda: listeners(self.port) == processes, 60, "the web processes to listen")
        wait_for(self._is_ready, 10, "the web processes to be ready")

    def start_null(self) -> None:
        """Starts `null_app.py` instead of web processes."""
        self.webs = [NullApp(self._config, self._store.url, self.port).start()]

    def start_workers(self, processes: int = 2) -> None:
        self.work = self._command("work", "--processes", str(processes))
        wait_for(lambda: self.redis.scard("rq:workers") == processes, 60, "the workers")

    def stop_workers(self) -> None:
        if self.work is not None:
            self.work.stop()
            self.work = None

    def cpu(self) -> Cpu:
        """CPU seconds used so far; for workers, since they were started."""
        web = cpu_seconds(web.pid for web in self.webs)
        worker = cpu_seconds(self.worker_pids())
        return Cpu(web, worker, cpu_seconds([self._store_pid]))

    def worker_pids(self) -> list[int]:
        return [self.work.pid, *children(self.work.pid)] if self.work else []

    def drain_pids(self) -> list[int]:
        """The children in which workers run a job; workers themselves are the fork server's."""
        workers = [pid for pid in self.worker_pids() if title(pid) == WORKER]
        return [pid for pid in workers if title(parent(pid)) == WORKER]

    def accepted(self) -> int:
        """Events that were answered 2xx, whatever became of them."""
        counts = KEYS.destination(self.destinations[0]).counts
        return int(self.redis.hget(counts, "accepted") or 0)

    def pending(self) -> int:
        """Over all destinations."""
        return sum(self.redis.xlen(KEYS.destination(name).stream) for name in self.destinations)

    def wait_until_pending(self, most: int = 0, seconds: float = 1800) -> None:
        wait_for(lambda: self.pending() <= most, seconds, "the destinations to drain")

    def wait_until_stored(self, seconds: float = 600) -> None:
        """Until the ledger has stored all that workers and web processes have fed to it."""
        if self.work is not None:
            wait_for(lambda: not self.redis.xlen(KEYS.feed), seconds, "the ledger to store all")

    def used_memory(self) -> int:
        """Bytes that Valkey uses, while it does not rewrite its file."""
        wait_for(lambda: not self._rewrites(), 60, "Valkey to end the rewriting of its file")
        return int(self.redis.info("memory")["used_memory"])

    def _rewrites(self) -> bool:
        return bool(self.redis.info("persistence")["aof_rewrite_in_progress"])

    def _command(self, name: str, *options: str) -> Child:
        words = ["-m", "gateway", name, "--config", str(self._config), *options]
        return Child([*words, "--redis-url", self._store.url], self._folder).start()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
