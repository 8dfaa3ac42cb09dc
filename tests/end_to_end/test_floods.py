"""Floods of events that cannot be delivered take no memory, and other senders lose no event."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Received, Reply, Sink

CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
enrichment: []
sources:
  site: {{type: collect}}
  backend: {{type: events, keys: [test-key]}}
consent: {{default: {{analytics_storage: granted}}}}
destinations:
  hook:
    type: webhook
    url: {url}
    consent: []
    allow_private_addresses: true
    delivery: {{max_dead_letters: 20}}
"""
KEY = {"authorization": "Bearer test-key"}


def refuse_bad(received: Received) -> Reply:
    return 400 if received.body["data"]["event_name"] == "bad" else 204, b""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(refuse_bad) as running:
        yield running


@pytest.fixture
def gateway(tmp_path: Path, sink: Sink) -> Iterator[Gateway]:
    with Gateway(tmp_path, CONFIG.format(url=f"{sink.url}/hook")) as running:
        yield running


def backend_sends(gateway: Gateway, name: str) -> int:
    event = {"event_name": name, "event_id": name}
    answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
    return answer.status_code


def dead(gateway: Gateway) -> float:
    labels = frozenset({("destination", "hook")})
    return gateway.metrics()["gateway_dead_letters", labels]


def listed(gateway: Gateway) -> str:
    command = [sys.executable, "-m", "gateway", "dead-letters", "list", "--limit", "100"]
    words = [*command, "--config", str(gateway.config)]
    environment = {**os.environ, "DATA_DIR": str(gateway.folder / "data")}
    return subprocess.run(
        words, cwd=gateway.folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def arrived(sink: Sink, name: str) -> bool:
    return any(each.body["data"]["event_id"] == name for each in sink.requests)


def test_events_of_1970_are_withheld_and_stored_nowhere(gateway: Gateway, sink: Sink) -> None:
    old = [{"event_name": "page_view", "timestamp": 1}] * 1000
    body = gzip.compress(json.dumps(old).encode())
    assert len(body) < 1000
    for _ in range(30):
        flood = plain_http.post(
            f"{gateway.url}/collect",
            content=body,
            headers={"content-encoding": "gzip"},
            timeout=60,
        )
        assert flood.status_code == 204
    assert backend_sends(gateway, "order-1") == 200
    wait_for(lambda: arrived(sink, "order-1"), 60, "the neighbour's event")
    wait_for(lambda: gateway.outcomes("hook")["withheld"] == 30_000, 60, "the count")
    gateway.wait_until_delivered("hook")
    assert dead(gateway) == 0


def test_dead_letters_of_strangers_push_out_each_other_alone(gateway: Gateway, sink: Sink) -> None:
    """The backend's dead letter is kept, and no sender is refused."""
    event = {"event_name": "bad", "event_id": "of-the-backend"}
    answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
    assert answer.status_code == 200
    wait_for(lambda: dead(gateway) == 1, 60, "the backend's dead letter")
    for _ in range(10):
        bad = [{"event_name": "bad"}] * 10
        answer = plain_http.post(f"{gateway.url}/collect", json=bad, timeout=60)
        assert answer.status_code == 204
    wait_for(lambda: gateway.outcomes("hook")["rejected"] == 101, 60, "all of them to be refused")
    assert dead(gateway) == 20
    assert "of-the-backend" in listed(gateway)
    labels = frozenset({("destination", "hook"), ("reason", "count")})
    assert gateway.metrics()["gateway_dead_letters_removed_total", labels] == 81
    assert backend_sends(gateway, "order-2") == 200
    wait_for(lambda: arrived(sink, "order-2"), 60, "the neighbour's event")
