"""What the pipeline counts about consent reaches Redis with the events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis
from starlette.testclient import TestClient

from gateway.stages.consent.counts import ConsentCounts, read_consent_counts
from tests.support.gateway_process import wait_for

EVENT = {"event_name": "page_view", "consent": {"ad_storage": "granted", "banner": "yes"}}


def test_every_event_of_a_request_is_counted(
    open_web: Callable[..., TestClient], redis: Redis
) -> None:
    web = open_web(peer="203.0.113.7")
    web.post("/collect?gcs=G100", json=[EVENT, EVENT])
    web.post("/collect?gcs=G100", json=EVENT)

    def counted() -> ConsentCounts:
        counts: Any = redis.hgetall("gw:counts")
        return read_consent_counts({name.decode(): int(count) for name, count in counts.items()})

    wait_for(lambda: counted().unknown_keys == {"site": 3}, 60, "the counts to be written")
    conflicts = [(each.denied_by, each.granted_by, each.events) for each in counted().conflicts]
    assert conflicts == [("gcs", "event", 3)]
