"""Several web processes share a port and the load; if one dies, the others go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink

CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
sources: {{backend: {{type: events, keys: [backend-test-key]}}}}
rules: [{{name: mark, set: {{mark: {mark}}}}}]
destinations:
  hook: {{type: webhook, url: "{sink}/events", allow_private_addresses: true, consent: []}}
"""
KEY = {"authorization": "Bearer backend-test-key"}
SENT = 60
LISTENING = "0A"
"""The state of a socket, as the kernel writes it."""


def send(gateway: Gateway, event_id: str) -> bool:
    """Sends an event on a new connection. Returns whether it was accepted."""
    event = {"event_name": "sign_up", "event_id": event_id}
    try:
        answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
    except httpx.TransportError:  # it was with the process that was killed
        return False
    assert answer.status_code == 200
    return True


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def listeners(port: int) -> int:
    """How many processes listen on `port`; they do so only once they have a configuration."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        address.endswith(f":{port:04X}") and state == LISTENING
        for _, address, _, state, *_ in sockets
    )


def test_two_web_processes_on_one_port(tmp_path: Path) -> None:
    with Sink() as sink:
        config = CONFIG.format(mark="one", sink=sink.url)
        with Gateway(tmp_path, config, None, "--web-processes", "2") as gateway:

            def arrived() -> dict[str, str]:
                return {r.body["data"]["event_id"]: r.body["data"]["mark"] for r in sink.requests}

            wait_for(lambda: listeners(gateway.port) == 2, 60, "two web processes")
            wait_for(lambda: listeners(gateway.operators_port) == 2, 60, "both to serve operators")
            said = f"operators   {gateway.operators_url}/metrics"
            wait_for(lambda: said in gateway.log.read_text(), 60, "the addresses in the log")
            pids = gateway.pids(" serve ")
            before = {pid: cpu_ticks(pid) for pid in pids}
            accepted = {f"e-{n}" for n in range(SENT) if send(gateway, f"e-{n}")}
            assert len(accepted) == SENT
            assert all(cpu_ticks(pid) > ticks for pid, ticks in before.items()), "one had nothing"

            os.kill(pids[0], signal.SIGKILL)
            accepted |= {f"k-{n}" for n in range(SENT) if send(gateway, f"k-{n}")}
            assert len(accepted) > SENT + SENT // 2
            wait_for(lambda: listeners(gateway.port) == 2, 60, "it to be started again")
            gateway.wait_until_delivered("hook")
            assert accepted <= set(arrived())

            gateway.config.write_text(config.replace("mark: one", "mark: two"))
            wait_for(
                lambda: gateway.log.read_text().count("is in force") >= 3,
                20,
                "both web processes, and who supervises them, to have the configuration",
            )
            late = {f"n-{n}" for n in range(SENT) if send(gateway, f"n-{n}")}
            gateway.wait_until_delivered("hook")
            assert {arrived()[event_id] for event_id in late} == {"two"}
            assert adds_up(gateway.outcomes("hook"))
