"""Late consent through kills: what visitors granted arrives once and in order, the rest never."""

from __future__ import annotations

import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
from running import Gateway, adds_up, wait_for
from sink import Sink

CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
sources: {{site: {{type: collect}}}}
enrichment: []
consent: {{default: {{}}, regions: [], hold: {{seconds: 600}}, withdrawals: true}}
destinations:
  ads:
    type: webhook
    url: {sink}/ads
    allow_private_addresses: true
    consent: [ad_storage]
    delivery: {{in_flight: 1, backoff: [1]}}
"""
VISITORS = 24
PAGES = ("first", "second", "third")


def send(gateway: Gateway, visitor: int, name: str, consent: dict[str, str] | None = None) -> None:
    event: dict[str, Any] = {
        "event_name": name,
        "event_id": f"{name}-{visitor}",
        "client_id": f"visitor-{visitor}",
    }
    if consent:
        event["consent"] = consent
    answer = httpx.post(f"{gateway.url}/collect", json=event, timeout=10)
    assert answer.status_code == 204


def test_late_consent_survives_kills(tmp_path: Path) -> None:
    with Sink() as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        for page in PAGES:
            for visitor in range(VISITORS):
                send(gateway, visitor, page)
            gateway.kill(" worker ")
        assert gateway.outcomes("ads")["pending"] == 3 * VISITORS
        gateway.process.send_signal(signal.SIGKILL)
        gateway.process.wait(10)
        gateway.start()
        assert gateway.outcomes("ads")["pending"] == 3 * VISITORS

        for visitor in range(VISITORS):
            granted = "granted" if visitor % 2 else "denied"
            send(gateway, visitor, "answer", {"ad_storage": granted})
            if visitor in (8, 16):
                gateway.kill(" worker ")
        wait_for(lambda: gateway.outcomes("ads")["pending"] == 0, 60, "everything to end")
        outcomes = gateway.outcomes("ads")
        assert adds_up(outcomes)
        assert outcomes["accepted"] == 4 * VISITORS
        assert outcomes["withheld"] == outcomes["delivered"] == 2 * VISITORS

    arrived: dict[str, list[str]] = defaultdict(list)
    for request in sink.requests:
        event = request.body["data"]
        if event["event_name"] not in arrived[event["client_id"]]:  # a kill may repeat one
            arrived[event["client_id"]].append(event["event_name"])
    assert set(arrived) == {f"visitor-{number}" for number in range(1, VISITORS, 2)}
    for names in arrived.values():
        assert [name for name in names if name != "answer"] == list(PAGES)
        assert "answer" in names
