"""More events than can be accepted: the excess gets `Retry-After`, and no accepted event is
lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.gateway_process import Gateway, adds_up
from tests.support.load_generator import Answers, Named, post_at_rate, post_many
from tests.support.sink_server import Sink

pytestmark = pytest.mark.alone

CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
sources:
  site: {source}
destinations:
  hook:
    type: webhook
    url: {sink}/hook
    allow_private_addresses: true
    consent: []
    delivery: {delivery}
"""
CAPACITY, SECONDS = 150, 6
"""Events a second that the limits below allow, and seconds for which twice as many are sent."""
FULL = {"events_per_second": CAPACITY, "max_pending": CAPACITY}
LIMITS = {
    "destination": ({"type": "collect"}, FULL, 503),
    "sender": ({"type": "collect", "rate_limit": f"{CAPACITY}/second"}, {}, 429),
}


def requests(count: int) -> Iterator[Named]:
    for number in range(count):
        event_id = f"event-{number}"
        event = {
            "event_name": "purchase",
            "event_id": event_id,
            "client_id": f"{number}.1795210000",
        }
        yield event_id, json.dumps(event).encode()


def configuration(sink: Sink, source: Mapping[str, object], delivery: Mapping[str, object]) -> str:
    return CONFIG.format(sink=sink.url, source=json.dumps(source), delivery=json.dumps(delivery))


def check_that_none_is_lost(gateway: Gateway, sink: Sink, answers: Answers) -> None:
    outcomes = gateway.wait_until_delivered("hook")
    assert adds_up(outcomes), outcomes
    arrived = [request.body["data"]["event_id"] for request in sink.requests]
    assert set(arrived) == set(answers.accepted)
    assert len(arrived) == len(answers.accepted)


@pytest.mark.parametrize(
    "limited", ["destination", pytest.param("sender", marks=pytest.mark.nightly)]
)
def test_what_exceeds_a_limit_is_told_when_to_come_back(tmp_path: Path, limited: str) -> None:
    source, delivery, refusal = LIMITS[limited]
    offered = 2 * CAPACITY * SECONDS
    with Sink() as sink, Gateway(tmp_path, configuration(sink, source, delivery)) as gateway:
        answers = asyncio.run(
            post_at_rate(gateway.port, "/collect", requests(offered), 2 * CAPACITY, 600)
        )
        check_that_none_is_lost(gateway, sink, answers)
    assert set(answers.statuses) == {204, refusal}
    assert answers.hasty == 0, "refused without a word about when to come back"
    assert answers.unsent == 0
    assert offered / 4 < answers.statuses[204] < offered


def test_a_thousand_senders_at_once_are_answered_and_none_of_their_events_is_lost(
    tmp_path: Path,
) -> None:
    """Far more than one process can accept: senders get only 204, 429 and 503."""
    with Sink() as sink, Gateway(tmp_path, configuration(sink, {"type": "collect"}, {})) as gateway:
        answers = asyncio.run(post_many(gateway.port, "/collect", requests(4000), 1000))
        check_that_none_is_lost(gateway, sink, answers)
    assert set(answers.statuses) <= {204, 429, 503}
    assert answers.hasty == 0
    assert answers.statuses.total() == 4000
