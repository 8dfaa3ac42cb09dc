"""A receiver answers one event as if it accepted none: the others are delivered all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Received, Reply, Sink

GOOD = [f"good-{number}" for number in range(30)]
STATUSES = (301, 401, 403, 404, 410)
CONFIG = """
redis: {{url: embedded, data_dir: "${{DATA_DIR}}"}}
sources:
  backend: {{type: events, paths: [/events], keys: [key]}}
destinations:
{destinations}
"""
DESTINATION = """
  hook{status}: {{type: webhook, url: "{url}/{status}", allow_private_addresses: true, consent: []}}
"""


def refuse_one(received: Received) -> Reply:
    """Answers the event ``bad`` with the status in the path, such as /404."""
    is_bad = received.body["data"]["event_id"] == "bad"
    return (int(received.path.strip("/")) if is_bad else 204), b""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(refuse_one) as sink:
        yield sink


@pytest.fixture
def gateway(tmp_path: Path, sink: Sink) -> Iterator[Gateway]:
    each = (DESTINATION.format(status=status, url=sink.url) for status in STATUSES)
    with Gateway(tmp_path, CONFIG.format(destinations="".join(each))) as gateway:
        yield gateway


def send(gateway: Gateway, event_id: str) -> None:
    event: dict[str, Any] = {"event_name": "purchase", "event_id": event_id, "value": 1}
    answer = plain_http.post(
        f"{gateway.url}/events", json=event, headers={"authorization": "Bearer key"}, timeout=60
    )
    assert answer.is_success, answer.text


def test_the_events_after_a_bad_one_are_delivered(gateway: Gateway, sink: Sink) -> None:
    send(gateway, "bad")
    for event_id in GOOD:
        send(gateway, event_id)

    def arrived(status: int) -> list[str]:
        found = [each for each in sink.requests if each.path == f"/{status}"]
        return sorted(each.body["data"]["event_id"] for each in found)

    for status in STATUSES:
        wait_for(lambda status=status: arrived(status) == sorted(GOOD), 60, f"all at {status}")
    send(gateway, "later")
    for status in STATUSES:
        outcomes = gateway.wait_until_delivered(f"hook{status}", 120)
        assert (outcomes["delivered"], outcomes["rejected"]) == (len(GOOD) + 1, 1)
        assert adds_up(outcomes)
