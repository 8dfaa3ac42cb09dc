"""A peer: the same way of an event in another language, with what people use there today: Fastify
and BullMQ, with a job for each destination.

Its two programs are in the folder `peer`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from redis import Redis

from tests.benchmarks.children import Child
from tests.benchmarks.installation import Cpu
from tests.support.gateway_process import free_port, wait_for
from tests.support.process_stats import cpu_seconds, listeners
from tests.support.valkey_server import Valkey

HERE = Path(__file__).parent / "peer"
INSTALLED = HERE / "node_modules" / ".package-lock.json"
"""npm writes it when all else is installed."""

MISSING = "Not measured: it needs Node.js, and its packages from npm (`tests/install-tools bench`)."
WARM_UP = 10_000
"""Events until V8 has compiled what is used often; the first thousand cost twice as much."""


def is_installed() -> bool:
    return bool(shutil.which("node")) and INSTALLED.exists()


def versions() -> str:
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    packages = json.loads((HERE / "package.json").read_text())["dependencies"]
    words = [f"Node.js {node.stdout.strip()}", *(f"{name} {at}" for name, at in packages.items())]
    return ", ".join(words)


class Node(Child):
    """A program of the folder `peer`, by Node.js."""

    program = ("env", "NODE_ENV=production", "node")

    def __init__(self, name: str, socket: str, words: Sequence[str], folder: Path) -> None:
        super().__init__([str(HERE / name), socket, *words], folder)


@dataclass
class Peer:
    """It can be put under load as an installation of the gateway can. jobs: of each event."""

    port: int
    jobs: int
    web: Child
    work: Child | None
    redis: Redis

    def accepted(self) -> int:
        """Events; BullMQ numbers the jobs that it adds."""
        return int(self.redis.get("bull:events:id") or 0) // self.jobs

    def pending(self) -> int:
        """Jobs that wait, that are at work, and that wait to be tried again."""
        lists = sum(self.redis.llen(f"bull:events:{name}") for name in ("wait", "active"))
        return int(lists + self.redis.zcard("bull:events:delayed"))

    def wait_until_pending(self, most: int = 0, seconds: float = 600) -> None:
        wait_for(lambda: self.pending() <= most, seconds, "the peer to deliver")

    def wait_until_stored(self) -> None:
        """It keeps no ledger."""

    def cpu(self) -> Cpu:
        """Seconds used so far."""
        store = int(self.redis.info("server")["process_id"])
        worker = cpu_seconds([self.work.pid]) if self.work else 0
        return Cpu(cpu_seconds([self.web.pid]), worker, cpu_seconds([store]))


@contextmanager
def peer(url: str, names: Sequence[str]) -> Iterator[Peer]:
    """Forwards each event to `url`/NAME for each of `names`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        store = stack.enter_context(Valkey(folder))
        redis = stack.enter_context(store.client())
        socket, port = unquote(urlsplit(store.url).path), free_port()
        web = stack.enter_context(Node("web.js", socket, [str(port), *names], folder))
        wait_for(lambda: listeners(port) == 1, 20, "the peer to listen")
        work = stack.enter_context(Node("worker.js", socket, [url], folder))
        yield Peer(port, len(names), web, work, redis)
