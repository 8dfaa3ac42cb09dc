"""One destination is full: other events are taken, and the answer says what was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS, BOOKS

KEY = {"authorization": "Bearer test-key"}
SETTINGS = parse_settings(
    """
enrichment: []
sources:
  site: {type: collect, spool: false}
  spooled: {type: collect, paths: [/spooled], spool: true}
  backend: {type: events, keys: [test-key]}
destinations:
  ads:
    type: webhook
    url: "http://127.0.0.1:9/"
    consent: []
    when: {event_name: sale}
    delivery: {max_pending: 3}
  books: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
""",
    environment={},
)
SALE = {"event_name": "sale", "event_id": "sale-1"}
VIEW = {"event_name": "view", "event_id": "view-1"}


@pytest.fixture
def web(open_web: Callable[..., TestClient], redis: Redis) -> TestClient:
    """The application with a full destination."""
    client = open_web(settings=SETTINGS)
    wait_for(lambda: client.get("/readyz").status_code == 200, 60, "readiness")
    for _ in range(3):
        redis.xadd(ADS.stream, {"e": "{}"})
    probe = {"event_name": "sale"}  # no destination takes it, since it has no id
    wait_for(
        lambda: client.post("/events", json=probe, headers=KEY).status_code == 503,
        60,
        "intake to be shut",
    )
    redis.delete(BOOKS.stream)
    return client


@pytest.mark.parametrize("path", ["/collect", "/events"])
def test_the_answer_says_which_destinations_took_the_event(
    web: TestClient, redis: Redis, path: str
) -> None:
    for _ in range(2):
        answer = web.post(path, json=[{"no": "name"}, VIEW, SALE], headers=KEY)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        content = answer.json()
        assert content["error"].startswith("limit reached: ads: ")
        assert content["error"].endswith("retry the whole request")
        assert content["reason"] == "full"
        assert content["events"] == [{"index": 2, "taken": ["books"], "full": ["ads"]}]
    assert redis.xlen(BOOKS.stream) == 2
    redis.delete(ADS.stream)
    wait_for(
        lambda: web.post(path, json=[VIEW, SALE], headers=KEY).status_code in (200, 204),
        60,
        "intake to be open again",
    )
    assert (redis.xlen(ADS.stream), redis.xlen(BOOKS.stream)) == (1, 2)


@pytest.mark.parametrize("events", [[{"event_name": "sale"}], [{"event_name": "view"}, SALE]])
def test_an_event_without_an_id_is_not_taken_in_part(
    web: TestClient, redis: Redis, events: list[dict[str, Any]]
) -> None:
    assert web.post("/collect", json=events).status_code == 503
    rows: Any = redis.xrange(BOOKS.stream)
    assert len(rows) == sum("event_id" in event for event in events)


def test_events_that_do_not_need_it_are_not_refused(web: TestClient, redis: Redis) -> None:
    assert web.post("/collect", json={"event_name": "view"}).status_code == 204
    assert redis.xlen(BOOKS.stream) == 1


def test_the_refused_events_are_counted(web: TestClient, redis: Redis) -> None:
    web.post("/collect", json=[VIEW, SALE, {**SALE, "event_id": "sale-2"}])
    wait_for(lambda: redis.hget("gw:counts", "refused:site:full") == b"2", 60, "the count")
