"""A webhook whose receiver wants access tokens, and a vendor that replaces refresh tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Received, Reply, Sink

CONFIG = """
sources: {{backend: {{type: events, keys: [backend-test-key]}}}}
destinations:
  crm:
    type: webhook
    url: "{sink}/crm"
    allow_private_addresses: true
    consent: []
    auth: {{oauth2: crm}}
credentials:
  crm:
    type: refresh_token
    token_url: "{sink}/token"
    client_id: gateway
    client_secret: "${{CLIENT_SECRET}}"
    refresh_token: "${{REFRESH_TOKEN}}"
    allow_private_addresses: true
"""
KEY = {"authorization": "Bearer backend-test-key"}


@dataclass
class Vendor:
    """Accepts each refresh token once, and the newest access token alone."""

    refresh_token: str = "first-refresh-token"
    access_token: str = ""
    grants: int = 0
    taken: list[str] = field(default_factory=list)

    def __call__(self, received: Received) -> Reply:
        if received.path == "/token":
            return self._grant(received.body["refresh_token"])
        if received.headers.get("authorization") != f"Bearer {self.access_token}":
            return 401, b"{}"
        self.taken.append(received.body["data"]["event_id"])
        return 204, b""

    def _grant(self, refresh_token: str) -> Reply:
        if refresh_token != self.refresh_token:
            return 400, b'{"error": "invalid_grant"}'
        self.grants += 1
        self.refresh_token = f"refresh-token-{self.grants}"
        self.access_token = f"access-token-{self.grants}"
        tokens = {"refresh_token": self.refresh_token, "access_token": self.access_token}
        return 200, json.dumps(tokens | {"expires_in": 3600}).encode()


def send(gateway: Gateway, *ids: str) -> None:
    events = [{"event_name": "purchase", "event_id": each} for each in ids]
    answer = httpx.post(f"{gateway.url}/events", json=events, headers=KEY, timeout=60)
    assert answer.status_code < 300


def test_tokens_are_renewed_and_their_refusal_pauses_the_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "of-the-client")
    monkeypatch.setenv("REFRESH_TOKEN", "first-refresh-token")
    vendor = Vendor()
    with Sink(vendor) as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, "e-1", "e-2")
        wait_for(lambda: len(vendor.taken) == 2, 60, "the first events")
        assert vendor.grants == 1

        gateway.kill("gateway worker")
        send(gateway, "e-3")
        wait_for(lambda: len(vendor.taken) == 3, 60, "an event after a kill")
        assert vendor.grants == 1  # the token outlives the process that asked for it

        vendor.access_token = "revoked"
        send(gateway, "e-4")
        wait_for(lambda: len(vendor.taken) == 4, 60, "an event after its token was revoked")
        assert vendor.grants == 2

        vendor.access_token = vendor.refresh_token = "revoked"
        send(gateway, "e-5", "e-6")
        paused = "HTTP 400: invalid_grant. Correct credentials.crm in the configuration"
        wait_for(lambda: paused in _on_one_line(gateway.command("status")), 60, "a pause")
        assert gateway.outcomes("crm")["delivered"] == 4
        assert gateway.outcomes("crm")["rejected"] == 0

        shown = gateway.command("status", "--json") + gateway.log.read_text()
        for secret in ("of-the-client", "refresh-token", "access-token"):
            assert secret not in shown


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
