"""Redis killed under load: browsers lose nothing, backends get `Retry-After`.

The environment variable OUTAGE_SECONDS makes the outage longer.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink
from tests.support.valkey_server import Valkey

OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "5"))

CONFIG = """
redis: {{url: "${{REDIS_URL}}", data_dir: "${{DATA_DIR}}"}}
enrichment: []
sources:
  site: {{type: collect}}
  backend: {{type: events, keys: [backend-test-key]}}
destinations:
  warehouse:
    type: webhook
    url: {sink}/warehouse
    allow_private_addresses: true
    consent: []
"""
SENDERS = {
    "browser": ("/collect", {"content-type": "text/plain"}),
    "backend": ("/events", {"authorization": "Bearer backend-test-key"}),
}


@dataclass
class Load:
    """Visitors and backends that send until they are stopped, and record the answers."""

    url: str
    statuses: dict[str, Counter[int]] = field(
        default_factory=lambda: {kind: Counter() for kind in SENDERS}
    )
    acknowledged: dict[str, set[str]] = field(
        default_factory=lambda: {kind: set() for kind in SENDERS}
    )
    retry_after: set[str | None] = field(default_factory=set)

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    async def _send(self) -> None:
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(base_url=self.url, timeout=60, limits=limits) as client:
            await asyncio.gather(
                *(self._sender(client, "browser", number) for number in range(8)),
                *(self._sender(client, "backend", number) for number in range(2)),
            )

    async def _sender(self, client: httpx.AsyncClient, kind: str, number: int) -> None:
        path, headers = SENDERS[kind]
        serial = 0
        while not self._stop.is_set():
            serial += 1
            event_id = f"{kind}-{number}-{serial}"
            event = {"event_name": "page_view", "event_id": event_id}
            answer = await client.post(path, json=event, headers=headers)
            self.statuses[kind][answer.status_code] += 1
            if answer.is_success:
                self.acknowledged[kind].add(event_id)
            else:
                self.retry_after.add(answer.headers.get("retry-after"))
            await asyncio.sleep(0.05)


def spooled(gateway: Gateway) -> int:
    return int(plain_http.get(f"{gateway.operators_url}/readyz", timeout=60).json()["spooled"])


def wait_until_fed(gateway: Gateway) -> None:
    ready = {"ready": True, "spooled": 0}
    wait_for(
        lambda: plain_http.get(f"{gateway.operators_url}/readyz", timeout=60).json() == ready,
        60,
        "the spool",
    )


def arrived(sink: Sink) -> Counter[str]:
    return Counter(request.body["data"]["event_id"] for request in list(sink.requests))


def test_redis_killed_under_load(tmp_path: Path) -> None:
    with Sink() as sink, Valkey(tmp_path / "valkey") as valkey:
        environment = {"REDIS_URL": valkey.url}
        with Gateway(tmp_path, CONFIG.format(sink=sink.url), environment) as gateway:
            with Load(gateway.url) as load:
                wait_for(lambda: load.statuses["backend"][200], 60, "an answer to a backend")
                valkey.kill()
                time.sleep(OUTAGE_SECONDS)
                wait_for(lambda: load.statuses["backend"][503], 60, "a refusal of a backend")
                waiting = wait_for(lambda: spooled(gateway), 60, "an event in the spool")
                valkey.start()
                wait_until_fed(gateway)
                time.sleep(1)
            outcomes = gateway.wait_until_delivered("warehouse")
        assert waiting > 0
        assert set(load.statuses["browser"]) == {204}
        assert set(load.statuses["backend"]) == {200, 503}
        assert all(int(seconds or 0) >= 1 for seconds in load.retry_after)
        times = arrived(sink)
        for kind, ids in load.acknowledged.items():
            assert ids - times.keys() == set(), kind
        acknowledged = sum(map(len, load.acknowledged.values()))
        assert adds_up(outcomes)
        assert outcomes["delivered"] == outcomes["accepted"] >= acknowledged


def test_web_killed_while_redis_is_away(tmp_path: Path) -> None:
    def send(gateway: Gateway, numbers: range) -> None:
        with httpx.Client(base_url=gateway.url, timeout=60) as client:
            for number in numbers:
                event = {"event_name": "page_view", "event_id": f"e-{number}"}
                assert client.post("/collect", json=event).status_code == 204

    def is_up() -> bool:
        try:
            return plain_http.get(f"{gateway.url}/healthz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    with Sink() as sink, Valkey(tmp_path / "valkey") as valkey:
        environment = {"REDIS_URL": valkey.url}
        with Gateway(tmp_path, CONFIG.format(sink=sink.url), environment) as gateway:
            send(gateway, range(10))
            gateway.wait_until_delivered("warehouse")
            valkey.kill()
            send(gateway, range(10, 60))
            gateway.kill("gateway serve")
            wait_for(is_up, 60, "the web process to be started again")
            assert spooled(gateway) == 50
            send(gateway, range(60, 100))
            assert spooled(gateway) == 90
            valkey.start()
            wait_until_fed(gateway)
            outcomes = gateway.wait_until_delivered("warehouse")
        assert outcomes["accepted"] == outcomes["delivered"] == 100
        assert arrived(sink) == Counter(f"e-{number}" for number in range(100))
        assert list((tmp_path / "data" / "spool").iterdir()) == []
