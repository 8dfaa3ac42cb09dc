"""Held events through kills: those with consent arrive once and in order, the others never."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
redis: {{data_dir: "${{DATA_DIR}}"}}
sources: {{site: {{type: collect}}}}
enrichment: []
dedupe_window: 600
consent:
  default: {{analytics_storage: granted}}
  regions: []
  hold: {{seconds: 600}}
  withdrawals: true
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


def token_of(visitor: int) -> str:
    return f"token-of-the-page-of-visitor-{visitor:04}"


def send(
    gateway: Gateway,
    visitor: int,
    name: str,
    consent: dict[str, str] | None = None,
    token: str | None = None,
) -> None:
    """Sends an event as the snippet does: repeatedly, until it is accepted."""
    event: dict[str, Any] = {
        "event_name": name,
        "event_id": f"{name}-{visitor}",
        "client_id": f"visitor-{visitor}",
    }
    if consent:
        event["consent"] = consent
    request = {"page_token": token_of(visitor) if token is None else token, "events": [event]}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if (
                plain_http.post(f"{gateway.url}/collect", json=request, timeout=60).status_code
                == 204
            ):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{name} of visitor {visitor} was never taken")


def test_held_consent_survives_kills(tmp_path: Path) -> None:
    with Sink() as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        for page in PAGES:
            for visitor in range(VISITORS):
                send(gateway, visitor, page)
            gateway.kill(" worker ")
        assert gateway.outcomes("ads")["pending"] == 3 * VISITORS
        gateway.process.kill()
        gateway.wait_until_gone()
        gateway.start()
        assert gateway.outcomes("ads")["pending"] == 3 * VISITORS

        for visitor in range(VISITORS):  # anyone who knows a client id
            send(gateway, visitor, "stranger", {"ad_storage": "denied"}, "of-another-page" * 3)
            send(gateway, visitor, "nobody", {"ad_storage": "denied"}, "")
        outcomes = gateway.outcomes("ads")
        assert (outcomes["pending"], outcomes["withheld"]) == (3 * VISITORS, 2 * VISITORS)

        for visitor in range(VISITORS):
            granted = "granted" if visitor % 2 else "denied"
            answering = Thread(
                target=send, args=(gateway, visitor, "answer", {"ad_storage": granted})
            )
            answering.start()
            if visitor in (5, 6, 13, 14):
                gateway.kill(" serve ")
            if visitor in (8, 16):
                gateway.kill(" worker ")
            answering.join()
        wait_for(lambda: gateway.outcomes("ads")["pending"] == 0, 60, "everything to end")
        outcomes = gateway.outcomes("ads")
        assert adds_up(outcomes)
        assert outcomes["delivered"] == 2 * VISITORS
        assert outcomes["withheld"] >= 4 * VISITORS  # a kill may repeat one

    arrived: dict[str, list[str]] = defaultdict(list)
    for request in sink.requests:
        event = request.body["data"]
        if event["event_name"] not in arrived[event["client_id"]]:  # a kill may repeat one
            arrived[event["client_id"]].append(event["event_name"])
    assert set(arrived) == {f"visitor-{number}" for number in range(1, VISITORS, 2)}
    for names in arrived.values():
        assert [name for name in names if name != "answer"] == list(PAGES)
        assert "answer" in names
