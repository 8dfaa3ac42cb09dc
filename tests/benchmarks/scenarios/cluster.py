"""The events on a cluster of three nodes, RQ on a server of its own."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.support.clustered_gateway import ClusteredGateway
from tests.support.load_generator import Answers, Named, post_many
from tests.support.process_stats import children, cpu_seconds

DESTINATIONS, WEBS, WORKERS, CONNECTIONS = 6, 2, 3, 16
MAX_SECONDS = 600
TEXT = (
    f"{WEBS} web processes and {WORKERS} workers on a Valkey Cluster of three nodes, with "
    f"another server for RQ, all on this machine. Every event goes to {DESTINATIONS} webhooks "
    "on different nodes. Microseconds of CPU for each event, all of its deliveries together, "
    "at full pace; the ratio is to a request to the bare ASGI application."
)
COLUMNS = (
    *("", "web", "worker", "nodes", "jobs", "all", "x bare ASGI", "slowness"),
    *("accepted/s", "delivered/s"),
)
PARTS = ("web", "work", "nodes", "jobs")


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """A Valkey Cluster of three nodes."""
    body, names = Body(purchase()), [f"d{number}" for number in range(DESTINATIONS)]
    with CountingSink() as sink, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        config = configuration(sink.url, destinations=DESTINATIONS) + "spool: {enabled: false}\n"
        with ClusteredGateway(Path(folder), config, names, WEBS, WORKERS) as gateway:
            _post(gateway.ports, [*body.numbered(secrets.token_hex(4), 500)])
            gateway.wait_until_drained(MAX_SECONDS)
            before, began = _cpu(gateway), time.monotonic()
            requests = [*body.numbered(secrets.token_hex(4), plan.clustered)]
            answers = _post(gateway.ports, requests)
            answered = time.monotonic() - began
            numbers = gateway.wait_until_drained(MAX_SECONDS)
            took, after = time.monotonic() - began, _cpu(gateway)
            slowness = yardsticks.pace.slowness(began)
    accepted = sum(len(each.accepted) for each in answers)
    costs = [(after[part] - before[part]) / accepted / slowness * 1e6 for part in PARTS]
    lost = DESTINATIONS * (accepted + 500) - sum(n.counts["delivered"] for n in numbers.values())
    row = [
        "cluster",
        *(f"{cost:.0f}" for cost in (*costs, sum(costs))),
        yardsticks.times(sum(costs)),
        f"{slowness:.2f}",
        f"{accepted / answered:,.0f}",
        f"{accepted / took:,.0f}",
    ]
    goal = Goal("cluster: accepted events that were not delivered", lost, 0, "events")
    return Section("Cluster", TEXT, COLUMNS, [row], [goal])


def _cpu(gateway: ClusteredGateway) -> dict[str, float]:
    """Seconds of each of `PARTS` so far."""
    spent = dict.fromkeys(PARTS, 0.0)
    for name, process in gateway.processes.items():
        spent[name.split()[0]] += cpu_seconds([process.pid, *children(process.pid)])
    spent["nodes"] = cpu_seconds(node.pid for node in gateway.cluster.nodes)
    spent["jobs"] = cpu_seconds([gateway.jobs.pid])
    return spent


def _post(ports: Sequence[int], requests: Sequence[Named]) -> list[Answers]:
    """Posts `requests` to all of `ports` in equal shares."""

    async def post() -> list[Answers]:
        shares = [requests[first :: len(ports)] for first in range(len(ports))]
        return await asyncio.gather(
            *(
                post_many(port, "/collect", share, CONNECTIONS)
                for port, share in zip(ports, shares, strict=True)
            )
        )

    return asyncio.run(post())
