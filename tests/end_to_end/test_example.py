"""The example configuration as it stands, with an event through each of its sources."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway_process import Gateway
from tests.support.sink_server import Sink

EXAMPLE = (Path(__file__).parents[2] / "config" / "examples" / "shop.yaml").read_text()
CAPTURES = Path(__file__).parents[1] / "captures"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
BROWSER = {"user-agent": CHROME, "accept-language": "en", "origin": "https://shop.example"}
BASIC = "Basic " + base64.b64encode(b"segment-test-key:").decode()


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Gateway]:
    urls = {"META_URL": sink.url, "GA4_URL": sink.url, "WEBHOOK_URL": f"{sink.url}/hook"}
    with Gateway(tmp_path_factory.mktemp("example"), EXAMPLE, urls) as running:
        yield running


def names_at_ga4(sink: Sink) -> list[str]:
    requests = [r for r in sink.requests if r.path.startswith("/mp/collect")]
    return [event["name"] for request in requests for event in request.body["events"]]


def captured(file: str, path: str) -> dict[str, Any]:
    requests = json.loads((CAPTURES / file).read_text())
    return next(r for r in requests if r["method"] == "POST" and r["path"].endswith(path))


def test_every_source_of_the_example_delivers(gateway: Gateway, sink: Sink) -> None:
    consent = {"analytics_storage": "granted"}  # from here no country is known, so all is denied
    event = {"client_id": "1.2", "page_location": "https://shop.example/", "consent": consent}
    pixel = event | {"event_name": "from_pixel", "consent": json.dumps(consent)}
    gtag = captured("gtag-ga4-transport_url-userdata.json", "/g/collect")
    snowplow = captured("snowplow-browser-tracker-post.json", "/tp2")
    matomo = captured("matomo-tracker-node.json", "/matomo.php")
    plausible = captured("plausible-tracker.json", "/api/event")
    umami = captured("umami-node.json", "/api/send")
    for recorded in snowplow["body_json"]["data"]:
        recorded["dtm"] = recorded["stm"] = str(round(1000 * time.time()))
    with httpx.Client(base_url=gateway.url, headers=BROWSER, timeout=60) as client:
        answers = [
            client.post("/collect", json={**event, "event_name": "from_collect"}),
            client.post(
                "/events",
                json={**event, "event_name": "from_backend"},
                headers={"authorization": "Bearer backend-test-key"},
            ),
            client.get("/pixel.gif", params=pixel),
            client.post(
                "/mp/collect?measurement_id=G-TEST000001&api_secret=mp-test-secret",
                json={
                    "client_id": "1.2",
                    "consent": consent,
                    "events": [{"name": "from_protocol", "params": {}}],
                },
            ),
            client.post(
                "/v1/track",
                json={
                    "event": "from_segment",
                    "anonymousId": "a",
                    "messageId": "m",
                    "type": "track",
                    "consent": consent,
                },
                headers={"authorization": BASIC},
            ),
            client.post(gtag["raw_target"], content=gtag.get("body_text", "")),
            client.post(snowplow["path"], json=snowplow["body_json"]),
            client.post(matomo["path"], json=matomo["body_json"]),
            client.post(plausible["path"], json=plausible["body_json"]),
            client.post(umami["path"], json=umami["body_json"]),
        ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [204, 200, 200, 204, 200, 204, 200, 200, 202, 200]
    for destination in ("meta", "ga4", "warehouse"):
        outcomes = gateway.wait_until_delivered(destination)
        assert outcomes["rejected"] == outcomes["expired"] == 0
        assert outcomes["accepted"] == outcomes["delivered"] + outcomes["withheld"] >= 11
    arrived = names_at_ga4(sink)
    for name in ("collect", "backend", "pixel", "protocol", "segment"):
        assert f"from_{name}" in arrived
    received = {
        dict(labels)["source"]: value
        for (name, labels), value in gateway.metrics().items()
        if name == "gateway_received_events_total"
    }
    assert all(count > 0 for count in received.values()), received


def test_without_consent_nothing_leaves(gateway: Gateway, sink: Sink) -> None:
    denied = dict.fromkeys(("ad_storage", "ad_user_data", "analytics_storage"), "denied")
    event = {"event_name": "refused", "client_id": "9.9", "consent": denied}
    with httpx.Client(base_url=gateway.url, headers=BROWSER, timeout=60) as client:
        client.post("/collect", json={**event, "page_location": "https://shop.example/"})
        client.post("/collect", json={**event, "event_name": "silent", "consent": {}})
        granted = {"analytics_storage": "granted"}
        client.post("/collect", json={**event, "event_name": "last", "consent": granted})
    for destination in ("meta", "ga4", "warehouse"):
        gateway.wait_until_delivered(destination)
    assert "refused" not in json.dumps([request.body for request in sink.requests])
    assert "last" in names_at_ga4(sink)
    assert "silent" not in names_at_ga4(sink)
