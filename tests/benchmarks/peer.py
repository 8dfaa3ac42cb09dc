"""A peer: the same way of an event in another language, with what people use there today.

Its two programs are in the folder `peer`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from redis import Redis

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import Child, CountingSink
from tests.benchmarks.installation import Cpu
from tests.benchmarks.measuring import COLUMNS, LEGEND, Run, under_load, warm_up
from tests.benchmarks.pace import Pace
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Section, Yardsticks
from tests.support.gateway_process import free_port, wait_for
from tests.support.process_stats import cpu_seconds, listeners
from tests.support.valkey_server import Valkey

HERE = Path(__file__).parent / "peer"
INSTALLED = HERE / "node_modules" / ".package-lock.json"
"""npm writes it when all else is installed."""

TITLE = "A peer: Fastify and BullMQ"
TEXT = (
    "A common solution for the same job in JavaScript, under the same load. Fastify puts the "
    "same purchase into a queue of BullMQ, in a Valkey that is configured like the gateway's, "
    "and answers when it is on disk. BullMQ's worker posts it with undici to the same sink, "
    "32 at a time, and would try again. It does nothing else: no consent, rules, identity, "
    "enrichment or signature. The gateway's figures include all of these, which puts the "
    "gateway at a disadvantage. One web process and one worker process, configured as their "
    "authors advise for production (`tests/benchmarks/peer`): {versions}. Delivered: as many "
    "arrived as were accepted. Accepted: while no worker runs. " + LEGEND
)
MISSING = "Not measured: it needs Node.js, and its packages from npm (`tests/install-tools bench`)."
WARM_UP = 10_000
"""Events until V8 has compiled what is used often; the first thousand cost twice as much."""


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Leaves in `yardsticks` what a delivered event costs, where that can be measured."""
    if not (shutil.which("node") and INSTALLED.exists()):
        return Section(TITLE, MISSING, COLUMNS, [["not measured", *[""] * (len(COLUMNS) - 1)]])
    delivered, accepted = (_run(plan.peer_load, yardsticks.pace, works) for works in (True, False))
    yardsticks.peer = delivered.each.all
    rows = [delivered.row("delivered", yardsticks), accepted.row("accepted", yardsticks)]
    return Section(TITLE, TEXT.format(versions=_versions()), COLUMNS, rows)


def _versions() -> str:
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    packages = json.loads((HERE / "package.json").read_text())["dependencies"]
    words = [f"Node.js {node.stdout.strip()}", *(f"{name} {at}" for name, at in packages.items())]
    return ", ".join(words)


def _run(seconds: int, pace: Pace, works: bool) -> Run:
    body = Body(purchase())
    with CountingSink(record=True) as sink, _peer(f"{sink.url}/events", works) as peer:
        warm_up(peer, body, WARM_UP)
        run = under_load(peer, body, seconds, pace)
        if works:
            accepted, arrived = peer.accepted(), len(sink.arrivals())
            assert accepted == arrived, f"the peer accepted {accepted}, and {arrived} arrived"
    return run


class Node(Child):
    """A program of the folder `peer`, by Node.js."""

    program = ("env", "NODE_ENV=production", "node")

    def __init__(self, name: str, socket: str, to: str, folder: Path) -> None:
        super().__init__([str(HERE / name), socket, to], folder)


@dataclass
class Peer:
    """It can be put under load as an installation of the gateway can."""

    port: int
    web: Child
    work: Child | None
    redis: Redis

    def accepted(self) -> int:
        """BullMQ numbers the jobs that it adds."""
        return int(self.redis.get("bull:events:id") or 0)

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
def _peer(url: str, works: bool) -> Iterator[Peer]:
    """url: to which events are forwarded, if it `works`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        store = stack.enter_context(Valkey(folder))
        redis = stack.enter_context(store.client())
        socket, port = unquote(urlsplit(store.url).path), free_port()
        web = stack.enter_context(Node("web.js", socket, str(port), folder))
        wait_for(lambda: listeners(port) == 1, 20, "the peer to listen")
        work = stack.enter_context(Node("worker.js", socket, url, folder)) if works else None
        yield Peer(port, web, work, redis)
