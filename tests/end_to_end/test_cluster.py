"""A cluster under load, of which one node is killed: every accepted event is delivered, and only
that node's events may be delivered twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from tests.support.cluster_senders import Senders
from tests.support.clustered_gateway import ClusteredGateway
from tests.support.sink_server import Sink

NAMES = ["ads", "books", "crm", "shop-1"]
EVENTS = 2000
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
            killed.start()  # in this thread: the node ends with the thread that starts it
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
