"""Erasure with a real gateway: afterwards no file has data of the person, and none is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from redis import Redis

from gateway.runtime.embedded import embedded_url
from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Received, Reply, Sink

KEY = {"authorization": "Bearer key"}
EMAIL, CLIENT, ORDER = "anna.marker@shop.example", "marker-client-417", "MARKER-ORDER-93"
TRACES = [EMAIL.encode(), CLIENT.encode(), ORDER.encode()]
CONSENT = {"ad_storage": "granted", "ad_user_data": "granted", "analytics_storage": "granted"}
CONFIG = """
redis: {{url: embedded, data_dir: "${{DATA_DIR}}"}}
sources:
  backend: {{type: events, paths: [/events], keys: [key]}}
enrichment: []
destinations:
  down: {{type: webhook, url: "{sink}/down", allow_private_addresses: true, consent: [],
    delivery: {{backoff: [0.5, 0.5, 0.5], tries: 2}}}}
  up: {{type: webhook, url: "{sink}/up", allow_private_addresses: true, consent: []}}
  strict: {{type: webhook, url: "{sink}/strict", allow_private_addresses: true, consent: []}}
"""


def reply(received: Received) -> Reply:
    if received.path == "/down":
        return 503, b"down"
    if received.path == "/strict" and CLIENT in json.dumps(received.body):
        return 400, b"no"
    return 204, b""


def events(first: int, count: int) -> list[dict[str, object]]:
    """Every third event is of the person to be erased, the others are of other people."""
    return [
        {
            "event_name": "purchase",
            "event_id": f"e-{number}",
            "client_id": CLIENT if number % 3 == 0 else f"client-{number}",
            "transaction_id": ORDER if number % 3 == 0 else f"order-{number}",
            "user_data": {"email_address": EMAIL if number % 3 == 0 else f"u{number}@shop.example"},
            "consent": CONSENT,
        }
        for number in range(first, first + count)
    ]


def send(gateway: Gateway, first: int, count: int = 20) -> None:
    answer = plain_http.post(
        f"{gateway.url}/events", json=events(first, count), headers=KEY, timeout=60
    )
    assert answer.status_code < 300, answer.text


def command(gateway: Gateway, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words, "--config", str(gateway.config)],
        env={**os.environ, "DATA_DIR": str(gateway.folder / "data")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def traces(folder: Path) -> dict[str, list[bytes]]:
    """The data of the person, by the file that has it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            if here := [trace for trace in TRACES if trace in data]:
                found[path.name] = here
    return found


def test_after_an_erasure_during_retries_nothing_is_left(tmp_path: Path, sink: Sink) -> None:
    seen: list[Received] = []

    def watch(received: Received) -> Reply:
        seen.append(received)
        return answer or reply(received)

    answer: Reply | None = None
    sink.reply = watch
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        with Redis.from_url(embedded_url(tmp_path / "data") or "") as redis:
            redis.config_set("rdbcompression", "no")  # or a snapshot could hide them
        for first in range(0, 200, 20):
            send(gateway, first)
        wait_for(lambda: gateway.outcomes("up")["delivered"] == 200, 60, "up")
        wait_for(lambda: gateway.outcomes("strict")["rejected"] == 67, 60, "strict")
        wait_for(lambda: any(each.path == "/down" for each in seen), 60, "a try at down")
        assert gateway.outcomes("down")["pending"] == 200
        gateway.wait_until_stored()
        shown = json.loads(command(gateway, "access", EMAIL, "--json"))
        assert len(shown["ledger"]) == len(shown["pending"]["down"]) == 67
        assert len(shown["dead_letters"]["strict"]) == 67
        assert traces(tmp_path / "data")

        report = command(gateway, "erase", EMAIL, "--yes")
        assert "up received 67 of these events" in report
        before = len(seen)

        wait_for(lambda: not traces(tmp_path / "data"), 60, "the last trace to go")
        outcomes = gateway.outcomes("down")
        assert (outcomes["withheld"], outcomes["pending"]) == (67, 133)
        assert all(adds_up(gateway.outcomes(name)) for name in ("down", "up", "strict"))

        answer = 204, b""
        assert gateway.wait_until_delivered("down", 120)["delivered"] == 133
        after = json.dumps([each.body for each in seen[before:]])
        assert not any(trace.decode() in after for trace in TRACES)
        shown = json.loads(command(gateway, "access", CLIENT, "--json"))
        assert not any(shown.values())
        assert traces(tmp_path / "data") == {}


@pytest.mark.nightly
def test_an_erasure_goes_on_under_load(tmp_path: Path, sink: Sink) -> None:
    """Meanwhile, events of other people come in, and none is lost."""
    sink.reply = reply
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, 0, 30)
        over = threading.Event()
        sent = 0

        def load() -> None:
            nonlocal sent
            while not over.is_set():
                number = 99_999 + 3 * sent + 1
                send(gateway, number, 2)
                sent += 2

        loading = threading.Thread(target=load)
        loading.start()
        try:
            command(gateway, "erase", CLIENT, "--yes")
        finally:
            over.set()
            loading.join()
        wait_for(lambda: not traces(tmp_path / "data"), 60, "the last trace to go")
        expected = 30 + sent
        for name in ("down", "up", "strict"):
            assert gateway.outcomes(name)["accepted"] == expected
            assert adds_up(gateway.outcomes(name))
