"""What is noted about requests that no source answers or that are refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings, build_sources
from gateway.monitoring.numbers import read_numbers
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.refused_requests import RequestSample
from gateway.queue.unclaimed_counts import unclaimed_requests
from gateway.redis_client.connect import connect_for_intake
from gateway.sources.base import Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.description import Operation
from gateway.web.refusals import Refusals
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS

CONFIG = """
enrichment: []
sources:
  site:
    type: collect
    allowed_origins: ["https://shop.example"]
    max_body_bytes: 1000
    submission_tokens: {secrets: ["0123456789abcdef0123456789abcdef"]}
  web: {type: segment, write_keys: [public-key], rate_limit: 5/minute}
  backend: {type: events, keys: [test-key]}
  image: {type: pixel, prefix: any}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/"}
"""
PAGE = {"origin": "https://shop.example"}
OTHER = {"origin": "https://other.example"}
ASKS = {"access-control-request-method": "POST"}
Noted = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return parse_settings(CONFIG)


@pytest.fixture
def noted(redis: Redis) -> Noted:
    """The requests in the sample, once there are any."""

    def noted() -> list[dict[str, Any]]:
        wait_for(lambda: redis.exists(KEYS.refused_requests), 60, "the sample")
        rows: Any = redis.hgetall(KEYS.refused_requests)
        return [orjson.loads(field.rpartition(b"\n")[2]) for field in rows]

    return noted


@pytest.mark.parametrize(
    ("request_", "status", "expected"),
    [
        (("POST", "/m/v1/batch", {}), 404, {"reason": "no_source", "looks_like": "segment"}),
        (("OPTIONS", "/m/v1/batch", PAGE | ASKS), 404, {"asked_method": "POST"}),
        (("GET", "/m/g/collect?v=2&tid=G", {}), 404, {"looks_like": "ga4", "source": ""}),
        (("POST", "/nowhere", {}), 404, {"looks_like": "unknown"}),
        (("POST", "/m/pixel.gif", {}), 405, {"reason": "method", "source": "image"}),
        (("GET", "/events", {}), 405, {"reason": "method", "source": "backend"}),
        (("POST", "/events", {}), 401, {"reason": "unauthorized", "keys": []}),
        (
            ("POST", "/events", {"authorization": "Bearer s3cr3t"}),
            401,
            {"reason": "unauthorized", "keys": ["Authorization: Bearer, 6 characters"]},
        ),
        (("POST", "/collect", OTHER), 403, {"reason": "origin", "origin": OTHER["origin"]}),
        (("POST", "/collect", PAGE), 403, {"reason": "submission_token", "source": "site"}),
        (("POST", "/collect/token", OTHER), 403, {"reason": "origin", "path": "/collect/token"}),
        (("OPTIONS", "/collect", OTHER | ASKS), 400, {"reason": "preflight", "source": "site"}),
        (("OPTIONS", "/v1/t", OTHER | ASKS), 405, {"reason": "method", "asked_method": "POST"}),
        (("POST", "/v1/t", {"content-encoding": "br"}), 415, {"reason": "unsupported_encoding"}),
    ],
)
def test_each_refusal_is_noted(
    web: TestClient,
    noted: Noted,
    request_: tuple[str, str, dict[str, str]],
    status: int,
    expected: dict[str, Any],
) -> None:
    method, path, headers = request_
    answer = web.request(method, path, headers=headers, content=b"{}")
    assert answer.status_code == status
    (sampled,) = noted()
    assert expected.items() <= sampled.items()
    assert sampled["method"] == method
    assert sampled["path"] == path.partition("?")[0]
    assert "s3cr3t" not in str(sampled)


def test_a_large_body_and_too_many_requests(web: TestClient, noted: Noted) -> None:
    assert web.post("/collect", headers=PAGE, content=b" " * 2000).status_code == 413
    statuses = [web.post("/v1/t", json={"writeKey": "wrong"}).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]

    def reasons() -> set[str]:
        return {each["reason"] for each in noted()}

    wait_for(lambda: reasons() == {"too_large", "unauthorized", "rate_limited"}, 60, "the sample")
    (unauthorized,) = (each for each in noted() if each["reason"] == "unauthorized")
    assert unauthorized["keys"] == ["body writeKey, 5 characters"]


def test_a_request_that_no_source_answers_is_told_so(web: TestClient) -> None:
    answer = web.post("/nowhere?jane=1", json={"jane": 1})
    assert answer.status_code == 404
    assert answer.json()["reason"] == "no_source"
    assert "jane" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert web.head("/nowhere").status_code == 404


@pytest.mark.anyio
async def test_unclaimed_requests_are_counted_by_what_they_look_like(
    web: TestClient, redis: Redis, redis_url: str
) -> None:
    for path in ("/m/v1/batch", "/x/v1/t", "/nowhere", "/.env", "/wp-login.php", "/api/send"):
        web.post(path)
    wait_for(lambda: redis.hget(KEYS.counts, "unclaimed:umami"), 60, "the counts")
    async with connect_for_intake(redis_url) as client:
        numbers = await read_numbers(client, KEYS, [])
    assert unclaimed_requests(numbers.gateway) == {"segment": 2, "unknown": 3, "umami": 1}


def test_noise_is_not_sampled(web: TestClient, redis: Redis) -> None:
    for path in ("/.env", "/wp-login.php?a=1", "/", "/favicon.ico"):
        assert web.get(path).status_code == 404
    wait_for(lambda: redis.hget(KEYS.counts, "unclaimed:unknown") == b"4", 60, "the counts")
    assert not redis.exists(KEYS.refused_requests)


def test_many_odd_requests_write_nothing_and_few_of_them_are_kept(settings: Settings) -> None:
    no_redis: Any = None
    sample, counts = RequestSample(no_redis, KEYS), PendingCounts()
    refusals = Refusals(build_sources(settings), sample, counts)
    note = refusals.of("web")
    for number in range(5_000):
        refusals.note_unclaimed(Inbound("POST", f"/odd{number}", f"q{number}=1"))
        refusals.note_unclaimed(Inbound("POST", f"/{number}/v1/batch"))
        note(Inbound("POST", f"/v1/{number}"), Refused(401, "unauthorized", "send a key"))
    assert counts.counts == {"unclaimed:unknown": 5_000, "unclaimed:segment": 5_000}
    assert len(pickle.dumps(sample._waiting)) < 10_000


def test_a_refusal_that_says_nothing_of_the_request_is_not_noted(settings: Settings) -> None:
    no_redis: Any = None
    sample = RequestSample(no_redis, KEYS)
    note = Refusals(build_sources(settings), sample, PendingCounts()).of("web")
    note(Inbound("POST", "/v1/t"), Refused(503, "full", "later"))
    assert not sample._waiting


def test_a_source_that_cannot_be_described_is_noted_too() -> None:
    class Broken(Collect):
        def describe(self, method: str) -> Operation:
            raise RuntimeError

    no_redis: Any = None
    sample = RequestSample(no_redis, KEYS)
    source = Broken(CollectSettings(type="collect"))
    note = Refusals({"broken": source}, sample, PendingCounts()).of("broken")
    note(Inbound("POST", "/"), Refused(401, "unauthorized", "send a key"))
    assert list(sample._waiting) == ["unauthorized:broken"]
