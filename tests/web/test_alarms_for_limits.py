"""A limit that is reached is an alarm: in metrics and in the log, for as long as it lasts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from ruamel.yaml import YAML
from running import wait_for
from starlette.testclient import TestClient
from valkey_server import Valkey

from gateway.queue.keys import DestinationKeys
from gateway.settings import Settings, parse_settings

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
    delivery: {max_pending: 3, max_dead_letters: 2}
  books: {type: webhook, url: "http://127.0.0.1:9/", consent: [], when: {event_name: book}}
"""
ADS = DestinationKeys.of("ads")
Metrics = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def small() -> Settings:
    return parse_settings(SMALL)


@pytest.fixture
def web(open_web: Callable[..., TestClient], small: Settings) -> TestClient:
    client = open_web(settings=small)
    wait_for(lambda: client.get("/readyz").status_code == 200, 5, "readiness")
    return client


def metrics(web: TestClient) -> Metrics:
    """Values by name and destination; by the name alone what is for none, or for all."""
    answer = web.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels.get("destination", "-")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def post(web: TestClient, name: str = "view") -> int:
    return int(web.post("/collect", json={"event_name": name}).status_code)


def test_the_limits_stand_beside_what_they_limit(web: TestClient, redis: Redis) -> None:
    post(web)
    redis.xadd(ADS.dead, {"d": "{}"})
    now = metrics(web)
    assert now["gateway_pending_events", "ads"] == 1
    assert now["gateway_pending_events_limit", "ads"] == 3
    assert now["gateway_dead_letters", "ads"] == 1
    assert now["gateway_dead_letters_limit", "ads"] == 2
    assert now["gateway_pending_events_limit", "books"] == 1_000_000
    assert now["gateway_dead_letters_limit", "books"] == 100_000
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [0, 0, 0]


@pytest.mark.parametrize("reached", ["pending", "dead letters"])
def test_a_destination_at_its_limit(web: TestClient, redis: Redis, reached: str) -> None:
    key, field = (ADS.stream, "e") if reached == "pending" else (ADS.dead, "d")
    for _ in range(3):
        redis.xadd(key, {field: "{}"})
    now = metrics(web)
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [0, 1, 0]
    wait_for(lambda: post(web) == 503, 5, "intake to be shut")
    redis.delete(key)
    wait_for(lambda: post(web) == 204, 5, "intake to be open again")
    assert metrics(web)["gateway_full", "ads"] == 0


def test_the_memory_of_redis(web: TestClient, redis: Redis) -> None:
    without = metrics(web)
    assert without["gateway_redis_memory_bytes", "-"] > 100_000
    assert ("gateway_redis_memory_limit_bytes", "-") not in without
    used = int(redis.info("memory")["used_memory"])
    redis.config_set("maxmemory", int(1.05 * used))
    now = metrics(web)
    redis.config_set("maxmemory", 0)
    assert now["gateway_redis_memory_limit_bytes", "-"] == int(int(1.05 * used) * 0.9)
    assert [now["gateway_full", name] for name in ("", "ads", "books")] == [1, 0, 0]


@pytest.fixture
def plain_url(valkey: Valkey, redis: Redis) -> Any:
    """The URL of a user that may not ask for the memory."""
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
    wait_for(lambda: web.get("/readyz").status_code == 200, 5, "readiness")
    web.post("/collect", content=b"{")
    wait_for(lambda: bool(redis.hget("gw:counts", "refused:site:malformed")), 5, "the counts")
    for _ in range(3):
        assert post(web) == 204
    wait_for(lambda: post(web) == 503, 5, "intake to be shut")
    now = metrics(web)
    assert now["gateway_full", "ads"] == 1
    assert ("gateway_full", "") not in now
    assert ("gateway_redis_memory_bytes", "-") not in now
    assert sum("INFO" in record.getMessage() for record in caplog.records) == 1
    assert not any("does not keep up" in record.getMessage() for record in caplog.records)


def test_the_log_says_it_once(
    web: TestClient, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        redis.xadd(ADS.dead, {"d": "{}"})
    wait_for(lambda: post(web) == 503, 5, "intake to be shut")
    wait_for(lambda: post(web, "book") == 503, 5, "the next look")  # ads gets these too
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [
        "limit reached, events are refused (503): ads has 2 dead letters, as many as are kept"
    ]


# the documents


def rules() -> list[dict[str, Any]]:
    (block,) = (
        block
        for block in re.findall(r"^```yaml\n(.*?)^```", OPERATIONS, re.DOTALL | re.MULTILINE)
        if "alert:" in block
    )
    (group,) = YAML(typ="safe").load(block)["groups"]
    return list(group["rules"])


def test_the_alert_rules_in_the_documents_ask_for_what_there_is(
    web: TestClient, redis: Redis
) -> None:
    redis.config_set("maxmemory", 10**9)
    names = {name for name, _ in metrics(web)}
    redis.config_set("maxmemory", 0)
    assert len(rules()) == 2
    for rule in rules():
        asked = set(re.findall(r"\bgateway_\w+", rule["expr"]))
        assert asked
        assert asked <= names, asked - names


def test_the_table_of_metrics_is_complete(web: TestClient, redis: Redis) -> None:
    redis.config_set("maxmemory", 10**9)
    families = list(text_string_to_metric_families(web.get("/metrics").text))
    redis.config_set("maxmemory", 0)
    named = set(re.findall(r"`(gateway_\w+)", OPERATIONS))
    for family in families:
        assert named & {family.name, f"{family.name}_total"}, family.name
