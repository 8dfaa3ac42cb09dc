"""Events per second and CPU of each part with the events on a cluster of three nodes.

    python tests/benchmarks/cluster.py [--events 10000] [--webs 2] [--workers 3] [--destinations 6]

One event a POST in, one POST out for each destination (webhooks), every write on disk before its
answer, RQ's jobs on a server of their own; all on one machine, so the rate says little and the CPU
much. It is read from /proc: Linux only. What is left after ten minutes is given up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from clustered import ClusteredGateway, cpu_seconds
from load import post_many
from running import free_port, wait_for

CONNECTIONS = 16
MOST_EVENTS, MOST_SECONDS = 200_000, 600
EVENT = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "events" / "purchase.json").read_text()
)
CONFIG = """
spool: {enabled: false}
sources:
  site: {type: collect}
destinations:
"""
DESTINATION = """
  hook-{number}: {{type: webhook, url: "{sink}", allow_private_addresses: true, consent: []}}
"""


def body(serial: int) -> bytes:
    event = {**EVENT, "event_id": f"bench-{serial}"}
    event.pop("timestamp", None)
    return json.dumps(event).encode()


async def post_to_all(ports: list[int], bodies: list[bytes]) -> Counter[int]:
    """Posts `bodies` to all of `ports` in equal shares; returns how often each status came."""
    shares = (bodies[first :: len(ports)] for first in range(len(ports)))
    answers = await asyncio.gather(
        *(
            post_many(port, "/collect", share, CONNECTIONS)
            for port, share in zip(ports, shares, strict=True)
        )
    )
    return sum(map(Counter, answers), Counter[int]())


def measure(gateway: ClusteredGateway, events: int) -> None:
    asyncio.run(post_to_all(gateway.ports, [body(-serial) for serial in range(1, 501)]))
    gateway.wait_until_drained(MOST_SECONDS)
    before, began = cpu_seconds(gateway), time.perf_counter()
    statuses = asyncio.run(post_to_all(gateway.ports, [body(serial) for serial in range(events)]))
    answered = time.perf_counter() - began
    numbers = gateway.wait_until_drained(MOST_SECONDS)
    took = time.perf_counter() - began
    spent = {part: after - before[part] for part, after in cpu_seconds(gateway).items()}
    delivered = sum(each.counts["delivered"] for each in numbers.values())
    print(f"{events} events to {len(numbers)} destinations; answers by status {dict(statuses)}")
    print(f"answered {events / answered:.0f} events/s, delivered {events / took:.0f} events/s")
    print(f"{delivered} delivered in all, 500 events of warming up included\n")
    print(f"{'part':10}{'CPU seconds':>12}{'µs per event':>14}")
    for part, seconds in {**spent, "all": sum(spent.values())}.items():
        print(f"{part:10}{seconds:12.2f}{seconds / events * 1e6:14.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--webs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--destinations", type=int, default=6)
    chosen = parser.parse_args()
    if not 1 <= chosen.events <= MOST_EVENTS:
        parser.error(f"--events: 1 to {MOST_EVENTS}")
    port = free_port()
    sink = subprocess.Popen([sys.executable, str(Path(__file__).parent / "sink.py"), str(port)])
    try:
        wait_for(lambda: sink.poll() is None, 5, "the sink")
        url = f"http://127.0.0.1:{port}"
        numbers = range(chosen.destinations)
        config = CONFIG + "".join(DESTINATION.format(number=n, sink=url) for n in numbers)
        names = [f"hook-{number}" for number in numbers]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            gateway = ClusteredGateway(Path(folder), config, names, chosen.webs, chosen.workers)
            with gateway:
                measure(gateway, chosen.events)
    finally:
        sink.kill()
        sink.wait()


if __name__ == "__main__":
    main()
