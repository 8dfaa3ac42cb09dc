"""The sender of a flood of requests is told to wait, and its neighbours are not."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.sources.base import Inbound
from gateway.sources.collect import Collect, CollectSettings
from gateway.web import app as app_module
from gateway.web.client_ip import ClientAddress
from gateway.web.rate_limit import MAX_BUCKETS
from gateway.web.sender_limit import SenderLimit
from tests.support.gateway_process import wait_for

CONFIG = """
enrichment: []
server: {trusted_proxies: [10.0.0.0/8]}
sources:
  site:
    type: collect
    allowed_origins: ["https://shop.example"]
    rate_limit: {requests: 20/day, events: 100/day, bytes: 20KB/day}
  backend: {type: events, keys: [test-key], rate_limit: 5/day}
  usual: {type: collect, paths: [/usual]}
  shared: {type: collect, paths: [/shared], rate_limit: {requests: 32/day, shared: true}}
destinations:
  hook: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
"""
EVENT = {"event_name": "page_view"}
KEY = {"authorization": "Bearer test-key"}
ORIGIN = {"origin": "https://shop.example"}

Send = Callable[..., Any]


@pytest.fixture
def client(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client behind a trusted proxy."""
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)
    app = app_module.create_app(parse_settings(CONFIG), redis_url)
    with TestClient(app, client=("10.0.0.1", 50000)) as client:
        yield client


@pytest.fixture
def send(client: TestClient) -> Send:
    def send(address: str, path: str = "/collect", content: Any = EVENT, **headers: str) -> Any:
        headers["x-forwarded-for"] = address
        return client.post(path, json=content, headers=headers)

    return send


def statuses(send: Send, times: int, *given: Any, **headers: str) -> dict[int, int]:
    return Counter(send(*given, **headers).status_code for _ in range(times))


def test_a_flood_of_requests_is_told_to_wait_and_its_neighbour_is_not(
    send: Send, refused: Callable[[str, str], int]
) -> None:
    assert statuses(send, 200, "198.51.100.1") == {204: 20, 429: 180}
    assert statuses(send, 10, "198.51.100.2") == {204: 10}
    assert statuses(send, 10, "198.51.100.1", "/usual") == {204: 10}, "another source"
    assert refused("site", "rate_limited") >= 1


def test_the_page_can_read_when_to_come_back(send: Send) -> None:
    statuses(send, 20, "198.51.100.1")
    answer = send("198.51.100.1", **ORIGIN)
    assert answer.status_code == 429
    assert answer.json()["reason"] == "rate_limited"
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400 / 20
    assert answer.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize(
    ("content", "passed"),
    [
        ([EVENT] * 40, 3),
        ([{"event_name": ""}] * 40, 3),
        ({**EVENT, "page_title": "x" * 9000}, 3),
    ],
    ids=["many events", "many events that are refused", "large events"],
)
def test_a_flood_of_volume_is_told_to_wait(send: Send, content: Any, passed: int) -> None:
    answered = statuses(send, 20, "198.51.100.1", "/collect", content)
    assert answered[429] == 20 - passed
    assert statuses(send, 5, "198.51.100.2") == {204: 5}


@pytest.mark.parametrize("body", [b"{", b"x" * 200_000, b"[" * 5000])
def test_requests_that_are_refused_count_as_well(client: TestClient, body: bytes) -> None:
    headers = {"x-forwarded-for": "198.51.100.1"}
    answers = [client.post("/collect", content=body, headers=headers) for _ in range(30)]
    assert Counter(each.status_code for each in answers)[429] >= 10


def test_a_process_tells_redis_what_is_spent_where_asked(send: Send, server: Redis) -> None:
    for path in ("/shared", "/usual"):
        assert statuses(send, 32, "198.51.100.1", path) == {204: 32}
    name = "gw:{gw:counts}:limit:shared:198.51.100.1"
    wait_for(lambda: float(server.hget(name, "requests") or 9) < 3, 60, "the shared budget")
    assert server.keys("*limit*") == [name.encode()]


def test_addresses_within_a_64_of_ipv6_count_as_one(send: Send) -> None:
    answered = Counter(send(f"2001:db8:0:1::{number:x}").status_code for number in range(100))
    assert answered == {204: 20, 429: 80}
    assert statuses(send, 5, "2001:db8:0:2::1") == {204: 5}


def test_guessing_keys_is_limited_and_a_right_key_is_not(send: Send) -> None:
    """Even if both come from one address."""
    sender = ("198.51.100.1", "/events")
    assert statuses(send, 20, *sender, authorization="Bearer guess") == {401: 5, 429: 15}
    assert statuses(send, 50, *sender, **KEY) == {200: 50}
    assert statuses(send, 5, *sender, authorization="Bearer guess") == {429: 5}


def test_a_right_key_leaves_the_budget_of_others_alone(send: Send) -> None:
    assert statuses(send, 50, "198.51.100.1", "/events", **KEY) == {200: 50}
    assert statuses(send, 10, "198.51.100.1", "/events") == {401: 5, 429: 5}


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        pytest.param("172.17.0.1", {"x-forwarded-for": "198.51.100.1"}, id="not trusted"),
        pytest.param("10.0.0.1", {}, id="silent", marks=pytest.mark.nightly),
    ],
)
def test_2000_visitors_behind_one_unlisted_proxy_lose_nothing(
    redis_url: str, peer: str, headers: dict[str, str]
) -> None:
    """A hundred times as many requests as one address may send."""
    app = app_module.create_app(parse_settings(CONFIG), redis_url)
    with TestClient(app, client=(peer, 50000)) as client:
        taken = 0
        for _ in range(2000):
            answer = client.post("/collect", json=EVENT, headers=headers)
            while answer.status_code == 503:  # a busy gateway asks the sender to retry
                answer = client.post("/collect", json=EVENT, headers=headers)
            taken += answer.status_code == 204
    assert taken == 2000


def test_addresses_without_end_take_little_memory() -> None:
    limit = SenderLimit("site", Collect(CollectSettings(type="collect")))
    request = Inbound("POST", "/collect")
    tracemalloc.start()
    for number in range(2 * MAX_BUCKETS):
        limit.enter(ClientAddress(f"2001:db8:0:{number:x}::1", False), request)
        if number == MAX_BUCKETS:
            first = tracemalloc.get_traced_memory()[0]
    last = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert first < 10_000_000
    assert last < 1.2 * first
    assert len([*limit.buckets()]) == MAX_BUCKETS + 1
