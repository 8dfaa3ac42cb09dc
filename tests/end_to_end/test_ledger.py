"""The ledger of a real gateway: every event has its ending, whatever is killed."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import httpx
import pytest

from gateway.ledger.folder import LedgerFolder
from gateway.ledger.reading import LedgerReader
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Sink

KEY = {"authorization": "Bearer key"}
EVENTS, BATCH = 1500, 20
KILLED = ("gateway ledger", "gateway worker", "gateway serve")
CONFIG = """
redis: {{url: embedded, data_dir: "${{DATA_DIR}}"}}
sources:
  backend: {{type: events, paths: [/events], keys: [key]}}
enrichment: []
rules:
  - {{name: no tests, when: {{event_name: test}}, drop: true}}
destinations:
  all: {{type: webhook, url: "{sink}/all", allow_private_addresses: true, consent: []}}
  some:
    {{type: webhook, url: "{sink}/some", allow_private_addresses: true, consent: [],
      when: {{value: {{gt: 10}}}}}}
"""
COUNTED = ("accepted", "withheld", "delivered", "rejected", "expired")
CONSENT = {"ad_storage": "granted", "analytics_storage": "granted"}


def send(gateway: Gateway, first: int) -> None:
    """Sends a batch until it is accepted."""
    events = [
        {
            "event_name": "test" if number % 10 == 0 else "purchase",
            "event_id": f"e-{number}",
            "value": number % 20,
            "consent": CONSENT,
        }
        for number in range(first, first + BATCH)
    ]

    def is_taken() -> bool:
        try:
            answer = plain_http.post(f"{gateway.url}/events", json=events, headers=KEY, timeout=60)
        except httpx.HTTPError:
            return False
        return answer.status_code < 300

    wait_for(is_taken, 120, "a batch to be taken")


def ledger_of(tmp_path: Path) -> LedgerReader:
    return LedgerReader(LedgerFolder(tmp_path / "data" / "ledger"))


def test_after_kills_the_ledger_counts_what_redis_counts(tmp_path: Path, sink: Sink) -> None:
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        over, went_on = threading.Event(), threading.Event()
        chance = random.Random(7)

        def kill_now_and_then() -> None:
            while not over.wait(0.7):
                went_on.wait()  # so that even on a slow machine a batch is sent between two kills
                went_on.clear()
                pids = gateway.pids(chance.choice(KILLED))
                if pids:
                    os.kill(chance.choice(pids), signal.SIGKILL)

        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        try:
            for first in range(0, EVENTS, BATCH):
                send(gateway, first)
                went_on.set()
        finally:
            over.set()
            went_on.set()
            killer.join()
        wait_for(gateway._is_ready, 60, "the web process, if it was killed last")
        theirs = {name: gateway.wait_until_delivered(name, 120) for name in ("all", "some")}
        reader = ledger_of(tmp_path)

        def ours(name: str) -> dict[str, int]:
            counts = reader.counts(0, 4e9, "")
            return {each: counts["", name, each] for each in COUNTED}

        for name, outcomes in theirs.items():
            expected = {each: outcomes.get(each, 0) for each in COUNTED}
            wait_for(lambda n=name, e=expected: ours(n) == e, 60, f"the ledger of {name}")
        assert theirs["all"]["delivered"] > EVENTS / 2
        assert gateway.audit() == ""


@pytest.mark.nightly
def test_an_audit_balances_while_events_come_in(tmp_path: Path, sink: Sink) -> None:
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        over = threading.Event()

        def send_on() -> None:
            first = 0
            while not over.is_set():
                send(gateway, first)
                first += BATCH

        sender = threading.Thread(target=send_on)
        sender.start()
        try:
            wait_for(lambda: gateway.outcomes("all")["delivered"] > 100, 60, "some deliveries")
            assert [gateway.audit() for _ in range(3)] == [""] * 3
        finally:
            over.set()
            sender.join()


def test_what_a_vendor_rejected_is_replayed_once_it_takes_it(tmp_path: Path, sink: Sink) -> None:
    sink.reply = lambda received: (400, b"") if received.path == "/all" else (204, b"")
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, 0)
        gateway.wait_until_delivered("all")
        gateway.wait_until_delivered("some")
        sink.reply = None  # the vendors answer again
        before = len(sink.requests)
        words = ("replay", "--destination", "all", "--since", "1h", "--yes")
        assert "Replayed 18 of 18 events." in gateway.command(*words)
        assert gateway.wait_until_delivered("all")["delivered"] == 18
        assert "No events to send to all." in gateway.command(*words)
        assert gateway.audit() == ""
    replayed = sink.requests[before:]
    assert {each.path for each in replayed} == {"/all"}
    ids = [each.body["data"]["event_id"] for each in replayed]
    assert sorted(ids) == sorted(f"e-{n}" for n in range(BATCH) if n % 10)
