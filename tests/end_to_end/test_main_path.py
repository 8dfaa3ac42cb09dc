"""The whole gateway: every process, a thousand events, and a sink that stands in for the
vendors."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink

CONFIG = """
server: {{public_url: http://127.0.0.1}}
redis: {{url: "${{REDIS_URL:-embedded}}", data_dir: "${{DATA_DIR}}"}}
sources:
  site: {{type: collect}}
  backend: {{type: events, keys: [backend-test-key]}}
rules:
  - name: internal traffic
    when: {{page_hostname: {{ends_with: .internal.example}}}}
    drop: true
destinations:
  meta:
    type: meta
    pixel_id: "1234567890"
    access_token: meta-test-token
    base_url: {sink}
    when: {{event_name: [page_view, purchase]}}
    consent: [ad_storage, ad_user_data]
  ga4:
    type: ga4
    measurement_id: G-TEST000001
    api_secret: ga4-test-secret
    base_url: {sink}
    consent: [analytics_storage]
    rules: [{{remove: [user_data]}}]
  warehouse:
    type: webhook
    url: {sink}/warehouse
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    allow_private_addresses: true
    when: {{any: [{{event_name: purchase}}, {{value: {{gt: 100}}}}]}}
    consent: []
"""

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
BROWSER = {"user-agent": CHROME}
KEY = {"authorization": "Bearer backend-test-key"}


def make_event(serial: int) -> dict[str, Any]:
    """Event number `serial`; its number decides its name, consent and page."""
    name = ("page_view", "add_to_cart", "purchase", "view_item")[serial % 4]
    consent = ("granted", "granted", "denied")[serial % 3]
    host = "test.internal.example" if serial % 10 == 0 else "shop.example"
    event = {
        "event_name": name,
        "event_id": f"event-{serial}",
        "client_id": f"{serial}.1795219200",
        "serial": f"s{serial}",
        "page_location": f"https://{host}/p/{serial}?utm_source=test",
        "user_agent": CHROME,
        "value": serial % 200,
        "currency": "EUR",
        "consent": {
            "ad_storage": consent,
            "ad_user_data": consent,
            "analytics_storage": "denied" if serial % 7 == 0 else "granted",
        },
        "user_data": {"email_address": f"visitor{serial}@example.com"},
    }
    if name == "purchase":
        event["transaction_id"] = f"T-{serial}"
        event["items"] = [{"item_id": "SKU", "price": 9.5, "quantity": 2}]
    return event


def expected(events: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The ids that each destination should get: the configuration above, written as Python."""
    kept = [e for e in events if "internal" not in e["page_location"]]
    return {
        "meta": {
            e["event_id"]
            for e in kept
            if e["event_name"] in ("page_view", "purchase")
            and e["consent"]["ad_storage"] == "granted"
        },
        "ga4": {e["serial"] for e in kept if e["consent"]["analytics_storage"] == "granted"},
        "warehouse": {
            e["event_id"] for e in kept if e["event_name"] == "purchase" or e["value"] > 100
        },
    }


def arrived(sink: Sink) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {"meta": [], "ga4": [], "warehouse": []}
    for request in list(sink.requests):
        if request.path.startswith("/mp/collect"):
            ids["ga4"] += [
                event["params"]["serial"]
                for event in request.body["events"]
                if event["name"] != "campaign_details"  # it gives GA4 the campaign of the page
            ]
        elif request.path == "/warehouse":
            ids["warehouse"].append(request.body["data"]["event_id"])
        else:
            ids["meta"] += [event["event_id"] for event in request.body["data"]]
    return ids


def send(gateway: Gateway, events: list[dict[str, Any]]) -> None:
    """Sends single events as beacons, batches as pages do, and batches as a backend, in turn."""
    with httpx.Client(base_url=gateway.url, headers=BROWSER, timeout=60) as client:
        waiting = list(events)
        while waiting:
            for event in waiting[:10]:
                beacon = {"content-type": "text/plain;charset=UTF-8"}
                answer = client.post("/collect", content=json.dumps(event), headers=beacon)
                assert answer.status_code == 204, answer.text
            batch, waiting = waiting[10:40], waiting[40:]
            if batch:
                assert client.post("/collect", json={"events": batch}).status_code == 204
            batch, waiting = waiting[:10], waiting[10:]
            if batch:
                answer = client.post("/events", json=batch, headers=KEY)
                assert answer.json()["event_ids"] == [event["event_id"] for event in batch]


def check_books(gateway: Gateway, sent: int, wanted: dict[str, set[str]]) -> None:
    for name, ids in wanted.items():
        outcomes = gateway.wait_until_delivered(name)
        assert adds_up(outcomes), (name, outcomes)
        assert outcomes["accepted"] == sent
        assert outcomes["delivered"] == len(ids)
        assert outcomes["withheld"] == sent - len(ids)
        dead = gateway.metrics()["gateway_dead_letters", frozenset({("destination", name)})]
        assert dead == 0


def test_a_thousand_events_arrive_exactly_where_the_rules_say(tmp_path: Path) -> None:
    events = [make_event(serial) for serial in range(1000)]
    wanted = expected(events)
    with Sink() as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, events)
        check_books(gateway, len(events), wanted)
        for name, ids in arrived(sink).items():
            assert sorted(ids) == sorted(wanted[name]), name
        received = {
            dict(labels)["source"]: value
            for (name, labels), value in gateway.metrics().items()
            if name == "gateway_received_events_total"
        }
        assert sum(received.values()) == len(events)
        assert all(value > 0 for value in received.values())


@pytest.mark.parametrize("victim", ["gateway worker", "gateway scheduler"])
def test_a_killed_process_loses_nothing(tmp_path: Path, victim: str) -> None:
    events = [make_event(serial) for serial in range(1000)]
    random.Random(1).shuffle(events)
    wanted = expected(events)
    with Sink() as sink, Gateway(tmp_path, CONFIG.format(sink=sink.url)) as gateway:
        send(gateway, events[:500])
        killed = gateway.kill(victim)
        send(gateway, events[500:])
        check_books(gateway, len(events), wanted)
        for name, ids in arrived(sink).items():
            assert set(ids) == wanted[name], name
        wait_for(lambda: len(gateway.pids(victim)) > 0, 60, f"{victim} to be started again")
        assert killed not in gateway.pids(victim)


def test_a_second_start_finds_the_events_of_the_first(tmp_path: Path) -> None:
    events = [make_event(serial) for serial in range(100)]
    wanted = expected(events)["warehouse"]
    with Sink(reply=lambda _: (503, b"")) as sink:
        gateway = Gateway(tmp_path, CONFIG.format(sink=sink.url))
        gateway.start()
        send(gateway, events)
        assert gateway.stop() == 0
        sink.reply = lambda _: (204, b"")
        with gateway:
            outcomes = gateway.wait_until_delivered("warehouse")
        assert outcomes["delivered"] == len(wanted)
        assert set(arrived(sink)["warehouse"]) == wanted
