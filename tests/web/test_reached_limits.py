"""A reached limit shows in the metrics for as long as it lasts, and once in the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from tests.support.gateway_process import wait_for
from tests.support.keys import ADS
from tests.support.operators import operators
from tests.support.valkey_server import Valkey

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SMALL = """
enrichment: []
sources: {site: {type: collect, spool: false}}
destinations:
  ads:
    type: webhook
    url: "http://127.0.0.1:9/"
    consent: []
    delivery: {max_pending: 3, max_dead_letters: 2, max_dead_letter_bytes: 5000}
  books: {type: webhook, url: "http://127.0.0.1:9/", consent: [], when: {event_name: book}}
"""
Metrics = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def small() -> Settings:
    return parse_settings(SMALL)


@pytest.fixture
def web(open_web: Callable[..., TestClient], small: Settings) -> TestClient:
    client = open_web(settings=small)
    wait_for(lambda: client.get("/readyz").status_code == 200, 60, "readiness")
    return client


def metrics(web: TestClient, sender: str = "trusted") -> Metrics:
    """Values by name and destination, which is `-` for metrics without one. sender: which samples
    count of those with a `sender` label."""
    answer = operators(web).get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels.get("destination", "-")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels.get("sender", sender) == sender
    }


def removed(web: TestClient) -> dict[str, float]:
    """How many dead letters of `ads` were removed, by reason."""
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(operators(web).get("/metrics").text)
        for sample in family.samples
        if sample.name == "gateway_dead_letters_removed_total"
        and sample.labels["destination"] == "ads"
    }


def post(web: TestClient, name: str = "view") -> int:
    return int(web.post("/collect", json={"event_name": name}).status_code)


def test_the_limits_stand_beside_what_they_limit(web: TestClient, redis: Redis) -> None:
    post(web)
    redis.xadd(ADS.dead, {"d": "{}"})
    redis.hset(ADS.counts, mapping={"dead_bytes": 2, "removed:bytes": 7})
    now = metrics(web)
    assert now["gateway_pending_events", "ads"] == 1
    assert now["gateway_pending_events_limit", "ads"] == 3
    assert now["gateway_dead_letters", "ads"] == 1
    assert now["gateway_dead_letters_limit", "ads"] == 2
    assert now["gateway_pending_events_limit", "books"] == 1_000_000
    assert now["gateway_dead_letters_limit", "books"] == 100_000
    assert now["gateway_dead_letter_bytes", "ads"] == 2
    assert now["gateway_dead_letter_bytes_limit", "ads"] == 5000
    assert now["gateway_dead_letter_bytes_limit", "books"] == 100_000_000
    assert removed(web) == {"count": 0, "bytes": 7, "age": 0}
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [0, 0, 0]


def test_a_destination_at_its_limit(web: TestClient, redis: Redis) -> None:
    for _ in range(3):
        redis.xadd(ADS.stream, {"e": "{}"})
    now = metrics(web)
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [0, 1, 0]
    wait_for(lambda: post(web) == 503, 60, "intake to be shut")
    redis.delete(ADS.stream)
    wait_for(lambda: post(web) == 204, 60, "intake to be open again")
    assert metrics(web)["gateway_full", "ads"] == 0


def test_no_number_of_dead_letters_shuts_intake(web: TestClient, redis: Redis) -> None:
    """Drains and the sweep, which do not run here, remove those beyond the bound."""
    for _ in range(30):
        redis.xadd(ADS.dead, {"d": "{}"})
    looks = int(redis.info("commandstats")["cmdstat_hmget"]["calls"])
    wait_for(
        lambda: int(redis.info("commandstats")["cmdstat_hmget"]["calls"]) > looks + 6,
        60,
        "some looks at what is full",
    )
    assert post(web) == 204
    assert metrics(web)["gateway_full", "ads"] == 0


def test_the_memory_of_redis(web: TestClient, redis: Redis) -> None:
    without = metrics(web)
    assert without["gateway_redis_memory_bytes", "-"] > 100_000
    assert ("gateway_redis_memory_limit_bytes", "-") not in without
    used = int(redis.info("memory")["used_memory"])
    redis.config_set("maxmemory", int(1.25 * used))
    assert metrics(web, "untrusted")["gateway_full", ""] == 1
    assert metrics(web)["gateway_full", ""] == 0
    redis.config_set("maxmemory", used)
    now = metrics(web)
    redis.config_set("maxmemory", 0)
    assert now["gateway_redis_memory_limit_bytes", "-"] == used
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [1, 0, 0]


@pytest.fixture
def plain_url(valkey: Valkey, redis: Redis) -> Any:
    """The URL with a user who may not run INFO."""
    redis.execute_command("ACL", "SETUSER", "plain", "on", ">word", "~*", "+@all", "-info")
    yield valkey.url.replace("unix://", "unix://plain:word@")
    redis.execute_command("ACL", "DELUSER", "plain")


def test_where_redis_does_not_tell_its_memory_everything_else_works(
    open_web: Callable[..., TestClient],
    small: Settings,
    plain_url: str,
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = open_web(settings=small, url=plain_url)
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
    web.post("/collect", content=b"{")
    wait_for(lambda: bool(redis.hget("gw:counts", "refused:site:malformed")), 60, "the counts")
    for _ in range(3):
        assert post(web) == 204
    wait_for(lambda: post(web) == 503, 60, "intake to be shut")
    now = metrics(web)
    assert now["gateway_full", "ads"] == 1
    assert ("gateway_full", "") not in now
    assert ("gateway_redis_memory_bytes", "-") not in now
    assert sum("INFO" in record.getMessage() for record in caplog.records) == 1
    assert not any("to store counts" in record.getMessage() for record in caplog.records)


def test_the_log_says_it_once(
    web: TestClient, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        redis.xadd(ADS.stream, {"e": "{}"})
    wait_for(lambda: post(web) == 503, 60, "intake to be shut")
    wait_for(lambda: post(web, "book") == 503, 60, "the next look")  # ads gets these too
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [re.sub(r"\d+ of 3", "3 of 3", error) for error in errors] == [
        f"limit reached: ads: 3 of 3 pending events; events of {senders} senders are refused (503)"
        for senders in ("untrusted", "trusted")
    ]


# the documents


def test_the_table_of_metrics_is_complete(web: TestClient, redis: Redis) -> None:
    redis.config_set("maxmemory", 10**9)
    families = list(text_string_to_metric_families(operators(web).get("/metrics").text))
    redis.config_set("maxmemory", 0)
    named = set(re.findall(r"`(gateway_\w+)", OPERATIONS))
    for family in families:
        assert named & {family.name, f"{family.name}_total"}, family.name
