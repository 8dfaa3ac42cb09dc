"""One measurement: an installation under load, or with a backlog, and what each event cost it."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvloop

from tests.benchmarks.bodies import Body
from tests.benchmarks.children import Child
from tests.benchmarks.hammer import CONNECTIONS, Answered, hammer
from tests.benchmarks.installation import Cpu, Installation
from tests.benchmarks.pace import Pace
from tests.benchmarks.results import Bar, Yardsticks
from tests.support.load_generator import post_many

WARM_UP = 500
QUIET_SECONDS = 0.3
COLUMNS = (
    *("", "web", "worker", "store", "all", "x bare ASGI", "slowness"),
    *("accepted/s", "delivered/s", "answer p50", "answer p99"),
)
"""Of `Run.row`."""
DRAINED_COLUMNS = ("worker", "store", "both", "slowness", "delivered/s")
"""Of `Drained.row`, behind the title."""
LEGEND = (
    "Microseconds of CPU for each event, at full pace; the ratio is to a request to the bare ASGI "
    "application. Answers in milliseconds, under full load."
)


class Loaded(Protocol):
    """What can be put under load: an installation of the gateway, or a peer. work: the process that
    forwards, None where nothing is forwarded."""

    port: int

    @property
    def work(self) -> Child | None: ...

    def accepted(self) -> int: ...
    def pending(self) -> int: ...
    def wait_until_pending(self) -> None: ...
    def wait_until_stored(self) -> None: ...
    def cpu(self) -> Cpu: ...


@dataclass(frozen=True)
class Spent:
    """cpu: seconds. slowness: of the machine meanwhile, see `Pace`. took: seconds until everything
    was delivered."""

    events: int
    cpu: Cpu
    slowness: float
    took: float

    @property
    def each(self) -> Cpu:
        """Microseconds for an event, at the machine's full pace."""
        return self.cpu / (self.events * self.slowness / 1e6)


@dataclass(frozen=True)
class Run(Spent):
    """What a load took. forwards: whether events were delivered too."""

    answered: Answered
    forwards: bool = True

    def row(self, title: str, yardsticks: Yardsticks) -> list[str]:
        each = self.each
        parts = [f"{part:.0f}" for part in (each.web, each.worker, each.store, each.all)]
        answered = self.answered
        return [
            *(title, *parts, yardsticks.times(each.all), f"{self.slowness:.2f}"),
            f"{self.events / answered.seconds:,.0f}",
            f"{self.events / self.took:,.0f}" if self.forwards else "",
            *(f"{answered.p50:.1f}", f"{answered.p99:.1f}"),
        ]

    def bar(self, label: str, shares: int = 1) -> Bar:
        """shares: the bar is one of so many equal parts of it."""
        each = self.each / shares
        return Bar(label, {"web": each.web, "worker": each.worker, "store": each.store})


class Drained(Spent):
    """What it took to deliver events that waited, while no others came."""

    @property
    def cost(self) -> float:
        """Microseconds for an event, of worker and store."""
        return self.each.worker + self.each.store

    def row(self, title: str) -> list[str]:
        costs = (self.each.worker, self.each.store, self.cost)
        a_second = f"{self.events / self.took:,.0f}"
        return [title, *(f"{cost:.0f}" for cost in costs), f"{self.slowness:.2f}", a_second]


@contextmanager
def installation(config: str, webs: int = 1, workers: int = 2) -> Iterator[Installation]:
    """In a folder of its own that is removed; with `workers` 0 nothing is forwarded, and with
    `webs` 0 events come in through `null_app.py`."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Installation(Path(folder), config) as gateway,
    ):
        if webs:
            gateway.start_web(webs)
        else:
            gateway.start_null()
        if workers:
            gateway.start_workers(workers)
        yield gateway


def fill(gateway: Installation, event: str, events: int, batch: int = 100) -> None:
    """Sends `events` events, and checks that they are accepted."""
    requests = Body(event, batch).numbered(secrets.token_hex(4), events)
    answers = uvloop.run(post_many(gateway.port, "/collect", requests, 8))
    assert set(answers.statuses) == {204}, f"not accepted: {answers.statuses}"


def drain_from(pending: int, gateway: Installation, pace: Pace) -> Drained:
    """Waits until nothing waits, and counts from when no more than `pending` do: by then workers
    that were started just now are at work."""
    gateway.wait_until_pending(pending)
    left, before, began = gateway.pending(), gateway.cpu(), time.monotonic()
    gateway.wait_until_pending()
    cpu, took = gateway.cpu() - before, time.monotonic() - began
    return Drained(left, cpu, pace.slowness(began), took)


def warm_up(gateway: Loaded, body: Body, events: int = WARM_UP) -> None:
    """Until caches are filled, connections open and all of it delivered, if it is forwarded."""
    requests = body.numbered(secrets.token_hex(4), events)
    uvloop.run(post_many(gateway.port, "/collect", requests, CONNECTIONS))
    if gateway.work:
        gateway.wait_until_pending()
        gateway.wait_until_stored()


def under_load(
    gateway: Loaded, body: Body, seconds: int, pace: Pace, connections: int = CONNECTIONS
) -> Run:
    """Keeps it busy for `seconds`, and waits until what it forwards is delivered."""
    warm_up(gateway, body)
    accepted, before, began = gateway.accepted(), gateway.cpu(), time.monotonic()
    answered = hammer(gateway.port, body, seconds, connections)
    assert not answered.refused, f"{answered.refused} of {answered.requests} requests were refused"
    ended = _wait_until_quiet(gateway)
    gateway.wait_until_stored()
    cpu, slowness = gateway.cpu() - before, pace.slowness(began, ended)
    events, forwards = gateway.accepted() - accepted, gateway.work is not None
    return Run(events, cpu, slowness, ended - began, answered, forwards)


def _wait_until_quiet(gateway: Loaded) -> float:
    """The time since which nothing has been accepted and no event to be forwarded has waited, by
    the monotonic clock. What was under way when the load ended is still accepted."""
    last, since = (-1, -1), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS or (gateway.work and last[1]):
        time.sleep(0.05)
        seen = gateway.accepted(), gateway.pending()
        if seen != last:
            last, since = seen, time.monotonic()
    return since
