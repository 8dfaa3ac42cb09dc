"""CPU per event on the main path, beside a bare uvicorn application in the same run.

    python tests/benchmarks/main_path.py [--events 20000]

One event a POST in, one POST out (webhook), five rules, every write on disk before its answer.
The numbers are CPU time of all processes of the gateway, its Valkey included, from /proc; machines
differ and are noisy, so look at the ratios. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from load import post_many
from running import Gateway, free_port, wait_for

CONNECTIONS = 32
CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
sources:
  site: {{type: collect}}
rules:
  - {{name: internal, when: {{page_hostname: {{ends_with: .internal.example}}}}, drop: true}}
  - {{name: bots, when: {{bot.is_bot: true}}, drop: true}}
  - {{name: large, when: {{event_name: purchase, value: {{gte: 500}}}}, set: {{order_size: large}}}}
  - {{name: legacy, rename: {{order_id: transaction_id}}}}
  - {{name: street, remove: [user_data.address.street]}}
destinations:
  hook:
    type: webhook
    url: {sink}/events
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    allow_private_addresses: true
    when: {{event_name: {name}}}
    consent: [analytics_storage]
"""
EVENT = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "events" / "purchase.json").read_text()
)
BARE = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of `pids` and of their children that have ended."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def body(serial: int, name: str) -> bytes:
    event = {**EVENT, "event_name": name, "event_id": f"bench-{serial}"}
    event.pop("timestamp", None)
    return json.dumps(event).encode()


def bare_uvicorn(events: int) -> float:
    """CPU seconds of a bare ASGI application for the same requests."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE)
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                "bare:app",
                "--port",
                str(port),
                "--http",
                "httptools",
                "--loop",
                "uvloop",
                "--no-access-log",
                "--log-level",
                "error",
            ],
            cwd=folder,
        )
        try:
            time.sleep(2)
            bodies = [body(serial, "purchase") for serial in range(events)]
            asyncio.run(post_many(port, "/collect", bodies[:500], CONNECTIONS))
            before = cpu_seconds([process.pid])
            asyncio.run(post_many(port, "/collect", bodies, CONNECTIONS))
            return cpu_seconds([process.pid]) - before
        finally:
            process.kill()
            process.wait()


def gateway(events: int, name: str, sink_url: str) -> dict[str, float]:
    """CPU seconds by part of the gateway. Events are named `name`; without events of that name
    the webhook gets nothing, and only the intake is measured."""
    with tempfile.TemporaryDirectory() as folder:
        running = Gateway(Path(folder), CONFIG.format(sink=sink_url, name="purchase"))
        with running:
            asyncio.run(
                post_many(
                    running.port, "/collect", [body(-i, name) for i in range(500)], CONNECTIONS
                )
            )
            running.wait_until_delivered("hook", 120)
            before = parts(running)
            began = time.perf_counter()
            bodies = [body(serial, name) for serial in range(events)]
            asyncio.run(post_many(running.port, "/collect", bodies, CONNECTIONS))
            answered = time.perf_counter() - began
            running.wait_until_delivered("hook", 600)
            took = time.perf_counter() - began
            after = parts(running)
        spent = {part: after[part] - before[part] for part in after}
        return {**spent, "answered": answered, "took": took}


def parts(running: Gateway) -> dict[str, float]:
    words = {"web": "gateway serve", "worker": "gateway worker", "valkey": "valkey-server"}
    return {part: cpu_seconds(running.pids(word)) for part, word in words.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    events = parser.parse_args().events
    sink_port = free_port()
    sink = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "sink.py"), str(sink_port)]
    )
    try:
        wait_for(lambda: sink.poll() is None, 5, "the sink")
        yardstick = bare_uvicorn(events) / events * 1e6
        intake = gateway(events, "page_view", f"http://127.0.0.1:{sink_port}")
        whole = gateway(events, "purchase", f"http://127.0.0.1:{sink_port}")
    finally:
        sink.kill()
    print(f"{events} events, {CONNECTIONS} connections; µs of CPU per event\n")
    print(f"{'':28}{'web':>8}{'worker':>8}{'valkey':>8}{'all':>8}{'ratio':>8}{'events/s':>10}")
    print(f"{'bare uvicorn application':28}{yardstick:8.0f}{'':16}{yardstick:8.0f}{1:8.2f}")
    rows = {"accepted, withheld": intake, "accepted and delivered": whole}
    for title, run in rows.items():
        each = [run[part] / events * 1e6 for part in ("web", "worker", "valkey")]
        total = sum(each)
        print(
            f"{title:28}{each[0]:8.0f}{each[1]:8.0f}{each[2]:8.0f}{total:8.0f}"
            f"{total / yardstick:8.2f}{events / run['took']:10.0f}"
        )


if __name__ == "__main__":
    main()
