"""A cluster under load, one node killed on the way: what was taken is delivered, nothing twice that
need not be."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.clustered_gateway import ClusteredGateway
from tests.support.sink_server import Sink

NAMES = ["ads", "books", "crm", "shop-1"]
EVENTS, IN_A_REQUEST = 2000, 4
CONFIG = """
spool: {enabled: false}
sources:
  backend: {type: events, keys: [key]}
destinations:
"""
DESTINATION = (
    '  {name}: {{type: webhook, url: "{sink}/{name}", allow_private_addresses: true, consent: [],'
    " delivery: {{backoff: [1]}}}}\n"
)


class Senders:
    """Send events with numbers, each again and again with its id until it is taken."""

    def __init__(self, ports: list[int], events: int) -> None:
        self._ports, self._left = ports, iter(range(0, events, IN_A_REQUEST))
        self.taken, self.answers = 0, Counter[int]()

    async def send(self, senders: int) -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(self._send(client, each) for each in range(senders)))

    async def _send(self, client: httpx.AsyncClient, sender: int) -> None:
        for first in self._left:
            deadline = time.monotonic() + 60
            while not await self._is_taken(client, self._ports[sender % len(self._ports)], first):
                assert time.monotonic() < deadline, "waited 60 s for an event to be taken"
                await asyncio.sleep(0.1)
            self.taken += IN_A_REQUEST

    async def _is_taken(self, client: httpx.AsyncClient, port: int, first: int) -> bool:
        events = [
            {"event_name": "purchase", "event_id": f"event-{number}", "client_id": "a.1"}
            for number in range(first, first + IN_A_REQUEST)
        ]
        headers = {"authorization": "Bearer key"}
        url = f"http://127.0.0.1:{port}/events"
        answer = await client.post(url, json=events, headers=headers, timeout=60)
        self.answers[answer.status_code] += 1
        return answer.status_code == 200


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def test_events_are_delivered_though_a_node_dies_on_the_way(tmp_path: Path, sink: Sink) -> None:
    config = CONFIG + "".join(DESTINATION.format(name=name, sink=sink.url) for name in NAMES)
    with ClusteredGateway(tmp_path, config, NAMES) as gateway:
        nodes = {gateway.cluster.node_of(name).port for name in NAMES}
        assert len(nodes) == 3
        killed = gateway.cluster.node_of("ads")
        senders = Senders(gateway.ports, EVENTS)

        async def live_through_it() -> None:
            sending = asyncio.create_task(senders.send(16))
            while senders.taken < EVENTS // 3:
                await asyncio.sleep(0.01)
            killed.kill()
            before = senders.answers[503]
            while senders.answers[503] < before + 5:
                await asyncio.sleep(0.01)
            killed.start()  # in this thread, with which it ends
            await sending

        asyncio.run(live_through_it())
        assert set(senders.answers) == {200, 503}
        numbers = gateway.wait_until_drained(60)
        assert gateway.jobs_were_there()
    expected = {f"event-{number}" for number in range(EVENTS)}
    for name in NAMES:
        ids = Counter(
            request.body["data"]["event_id"]
            for request in sink.requests
            if request.path == f"/{name}"
        )
        assert set(ids) == expected, name
        counts = numbers[name].counts
        assert (counts["accepted"], counts["delivered"]) == (EVENTS, EVENTS), name
        if gateway.cluster.node_of(name) is not killed:
            assert set(ids.values()) == {1}, name
    assert any(numbers[name].counts.get("repeated", 0) for name in NAMES), "a failure in part"
