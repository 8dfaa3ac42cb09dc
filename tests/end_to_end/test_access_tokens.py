"""A webhook that needs access tokens, from a vendor that replaces refresh tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Received, Reply, Sink
from tests.support.token_endpoint import PRIVATE_PEM

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
    """Accepts each refresh token once, and only the newest access token."""

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
    answer = plain_http.post(f"{gateway.url}/events", json=events, headers=KEY, timeout=60)
    assert answer.status_code < 300


def test_tokens_are_renewed_and_their_refusal_pauses_the_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "of-the-client")
    monkeypatch.setenv("REFRESH_TOKEN", "first-refresh-token")
    vendor = Vendor()
    with Sink(vendor) as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, "e-1", "e-2")
        wait_for(partial(has_delivered, gateway, 2), 60, "the first events")
        assert vendor.grants == 1

        gateway.kill("gateway worker")
        send(gateway, "e-3")
        wait_for(partial(has_delivered, gateway, 3), 60, "an event after a kill")
        assert vendor.grants == 1  # the token outlives the process that asked for it

        vendor.access_token = "revoked"
        send(gateway, "e-4")
        wait_for(partial(has_delivered, gateway, 4), 60, "an event after its token was revoked")
        assert vendor.grants == 2

        vendor.access_token = vendor.refresh_token = "revoked"
        send(gateway, "e-5", "e-6")
        paused = "HTTP 400: invalid_grant. Correct credentials.crm in the configuration"
        wait_for(lambda: paused in _on_one_line(gateway.command("status")), 60, "a pause")
        assert sorted(vendor.taken[:2]) == ["e-1", "e-2"]  # sent at the same time
        assert vendor.taken[2:] == ["e-3", "e-4"]
        assert gateway.outcomes("crm")["delivered"] == 4
        assert gateway.outcomes("crm")["rejected"] == 0

        shown = gateway.command("status", "--json") + gateway.log.read_text()
        for secret in ("of-the-client", "refresh-token", "access-token"):
            assert secret not in shown


def has_delivered(gateway: Gateway, count: int) -> bool:
    """Whether `count` deliveries are counted: after a kill before that, events are repeated."""
    return gateway.outcomes("crm")["delivered"] == count


KINDS = ("client_credentials", "refresh_token", "service_account")
OF_CLIENT = """
    token_url: "{sink}/token?{kind}"
    client_id: gateway
    client_secret: "${{CLIENT_SECRET}}"
"""
OF_KIND = {
    "client_credentials": OF_CLIENT,
    "refresh_token": OF_CLIENT + '    refresh_token: "${{REFRESH_TOKEN}}"\n',
    "service_account": """
    token_url: "{sink}/token?{kind}"
    key: "${{file:{key}}}"
    scope: write
""",
}
SECRETS = ("of-the-client", "first-refresh-token", "next-refresh-token", "an-access-token-")


def configuration(sink: str, key: Path) -> str:
    """A destination for each kind of credential."""
    text = "sources: {backend: {type: events, keys: [backend-test-key]}}\nledger: {}\n"
    text += "destinations:\n"
    for kind in KINDS:
        text += (
            f"  {kind}: {{type: webhook, url: '{sink}/{kind}', allow_private_addresses: true, "
            f"consent: [], auth: {{oauth2: {kind}}}}}\n"
        )
    text += "credentials:\n"
    for kind in KINDS:
        more = OF_KIND[kind].format(sink=sink, kind=kind, key=key)
        text += f"  {kind}:\n    type: {kind}\n    allow_private_addresses: true{more}"
    return text


class Talkative:
    """A vendor that repeats each request in its answer, and refuses events with an id that ends in
    ``-bad``."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, received: Received) -> Reply:
        path, _, kind = received.path.partition("?")
        if path == "/token":
            granted = {
                "access_token": f"an-access-token-{kind}",
                "refresh_token": "next-refresh-token",
                "expires_in": 3600,
                "you_sent": received.body,
            }
            return 200, json.dumps(granted).encode()
        token = received.headers["authorization"]
        self.given.append(token)
        status = 400 if received.body["data"]["event_id"].endswith("-bad") else 200
        return status, json.dumps({"authorization": token}).encode()


@pytest.mark.nightly
def test_no_token_is_in_any_file_or_trace(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "of-the-client")
    monkeypatch.setenv("REFRESH_TOKEN", "first-refresh-token")
    key = tmp_path_factory.mktemp("secrets") / "google.json"
    key.write_text(json.dumps({"client_email": "a@b.iam", "private_key": PRIVATE_PEM}))
    vendor = Talkative()
    with Sink(vendor) as sink, Gateway(tmp_path, configuration(sink.url, key)) as gateway:
        send(gateway, "e-good", "e-bad")
        for kind in KINDS:
            wait_for(partial(has_ended, gateway, kind), 60, "an ending of both events")
        gateway.wait_until_stored()
        commands = [("status", "--json"), ("dead-letters", "list")]
        commands += [("trace", "e-bad"), ("trace", "e-good")]
        shown = "".join(gateway.command(*words) for words in commands)
    assert set(vendor.given) == {f"Bearer an-access-token-{kind}" for kind in KINDS}

    files = {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    holding = [name for name, content in files.items() if b"e-bad" in content]
    assert any("ledger" in name for name in holding), holding
    assert any(".aof" in name for name in holding), "what Redis wrote is searched, too"
    files["shown"] = shown.encode()
    secrets = [secret.encode() for secret in (*SECRETS, PRIVATE_PEM.splitlines()[5])]
    found = [(name, secret) for name, text in files.items() for secret in secrets if secret in text]
    assert found == []


def has_ended(gateway: Gateway, destination: str) -> bool:
    outcomes = gateway.outcomes(destination)
    return (outcomes["delivered"], outcomes["rejected"]) == (1, 1)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
