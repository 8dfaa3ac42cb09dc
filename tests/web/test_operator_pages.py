"""The pages for operators and their machines: /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.queue.append import Appender
from gateway.queue.group_commit import Overloaded
from gateway.web import readiness as readiness_module
from gateway.web.app import create_app
from gateway.web.readiness import Readiness
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.operators import operators
from tests.support.stopwatch import Stopwatch

EVENT = {"event_name": "page_view"}
Families = dict[str, Any]


def families(web: TestClient) -> Families:
    answer = operators(web).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def sample(families: Families, name: str, **labels: str) -> float | None:
    for family in families.values():
        for each in family.samples:
            if (each.name, each.labels) == (name, labels):
                return float(each.value)
    return None


def test_healthy_and_ready(web: TestClient) -> None:
    assert operators(web).get("/healthz").status_code == 200
    assert operators(web).get("/readyz").json() == {"ready": True}


def test_at_the_public_port_load_balancers_get_a_word(web: TestClient) -> None:
    for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        answer = web.get(path)
        assert (answer.status_code, answer.text) == (200, text)


@pytest.mark.anyio
async def test_however_many_ask_whether_it_is_ready_redis_is_asked_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Readiness] = []

    async def fault(readiness: Readiness) -> str:
        asked.append(readiness)
        await asyncio.sleep(0)
        return "Redis: ConnectionError"

    monkeypatch.setattr(Readiness, "fault", fault)
    monkeypatch.setattr(readiness_module, "FRESH_SECONDS", 3600)
    app = create_app(settings, "unix:///nowhere/valkey.sock")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
        answers.append(await client.get("/readyz"))
    assert {(answer.status_code, answer.text) for answer in answers} == {(503, "not ready\n")}
    assert len(asked) == 1


def test_ready_again_after_redis_lost_everything(web: TestClient, redis: Redis) -> None:
    """Otherwise it would get no traffic any more, and nothing would ever make it ready again."""
    redis.flushall()
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")


def test_an_overload_does_not_end_the_upkeep(
    open_web: Callable[..., TestClient],
    refused: Callable[[str, str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The upkeep creates groups, writes counts, and reopens intake when there is room."""
    flush, calls = Appender.flush_counts, []

    async def sometimes(self: Appender) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise Overloaded
        await flush(self)

    monkeypatch.setattr(Appender, "flush_counts", sometimes)
    open_web().post("/collect", content=b"{")
    assert refused("site", "malformed") == 1


def test_the_families_and_their_labels(web: TestClient, redis: Redis) -> None:
    web.post("/collect", json=EVENT | {"value": "much"})
    web.post("/collect", content=b"{")
    redis.hset(KEYS.destination("all").counts, mapping={"attempts:delivered": 2, "delivery:0.1": 1})
    labels = {
        "gateway_received_events_total": {"source"},
        "gateway_refused_events_total": {"source", "reason"},
        "gateway_client_address_unknown_requests_total": {"reason"},
        "gateway_untrusted_proxy_requests_total": set(),
        "gateway_consent_defaults_events_total": {"default"},
        "gateway_consent_unknown_place_events_total": {"source", "reason"},
        "gateway_ignored_fields_total": {"source", "field"},
        "gateway_surplus_fields_events_total": {"source"},
        "gateway_unsearched_texts_events_total": {"source"},
        "gateway_events_total": {"destination", "outcome"},
        "gateway_withheld_events_total": {"destination", "stage", "reason"},
        "gateway_attempts_total": {"destination", "result"},
        "gateway_repeated_events_total": {"destination"},
        "gateway_unmarked_events_total": {"destination"},
        "gateway_delivery_warnings_total": {"destination"},
        "gateway_pending_events": {"destination"},
        "gateway_submitted_events": {"destination"},
        "gateway_oldest_pending_seconds": {"destination"},
        "gateway_paused_seconds": {"destination"},
        "gateway_quarantined_events": set(),
        "gateway_quarantined_events_removed_total": set(),
        "gateway_ledger_feed_bytes": set(),
        "gateway_ledger_records_cut_total": set(),
        "gateway_ledger_records_dropped_total": set(),
        "gateway_held_events": {"destination"},
        "gateway_dead_letters": {"destination"},
        "gateway_dead_letter_bytes": {"destination"},
        "gateway_dead_letters_removed_total": {"destination", "reason"},
        "gateway_full": {"destination", "sender"},
        "gateway_limit_used_ratio": {"destination", "limit"},
        "gateway_pending_bytes": {"destination"},
        "gateway_hold_full_events_total": set(),
        "gateway_pending_events_limit": {"destination"},
        "gateway_dead_letters_limit": {"destination"},
        "gateway_dead_letter_bytes_limit": {"destination"},
        "gateway_redis_memory_bytes": set(),
        "gateway_configuration_info": {"version"},
        "gateway_configuration_loaded_timestamp_seconds": set(),
        "gateway_configuration_rejected": set(),
        "gateway_answer_seconds_bucket": {"le"},
        "gateway_answer_seconds_count": set(),
        "gateway_answer_seconds_sum": set(),
        "gateway_delivery_seconds_bucket": {"destination", "le"},
        "gateway_delivery_seconds_count": {"destination"},
        "gateway_delivery_seconds_sum": {"destination"},
    }
    wait_for(
        lambda: (
            sample(families(web), "gateway_refused_events_total", source="site", reason="malformed")
            == 1
        ),
        60,
        "the counts to be written",
    )
    seen: dict[str, set[str]] = {}
    for family in families(web).values():
        assert family.documentation.endswith(".")
        for each in family.samples:
            assert seen.setdefault(each.name, set(each.labels)) == set(each.labels)
    assert seen == labels


def test_what_the_numbers_say(web: TestClient) -> None:
    web.post("/collect", json=[EVENT, {"event_name": "purchase"}, {"no": "name"}])
    web.post("/events", json=EVENT)
    wait_for(
        lambda: sample(families(web), "gateway_answer_seconds_count") == 2,
        60,
        "the counts to be written",
    )
    now = families(web)
    invalid = {"source": "site", "reason": "invalid"}
    assert sample(now, "gateway_refused_events_total", **invalid) == 1
    for source, count in {"site": 2, "backend": 0, "image": 0, "closed": 0, "limited": 0}.items():
        assert sample(now, "gateway_received_events_total", source=source) == count
    unauthorized = {"source": "backend", "reason": "unauthorized"}
    assert sample(now, "gateway_refused_events_total", **unauthorized) == 1
    for destination, withheld in {"all": 0, "sales": 1}.items():
        for outcome, count in {
            "accepted": 2,
            "withheld": withheld,
            "delivered": 0,
            "rejected": 0,
            "expired": 0,
        }.items():
            labels = {"destination": destination, "outcome": outcome}
            assert sample(now, "gateway_events_total", **labels) == count
        assert sample(now, "gateway_pending_events", destination=destination) == 2 - withheld
        age = sample(now, "gateway_oldest_pending_seconds", destination=destination)
        assert age is not None
        assert 0 <= age < 30


SHOP_RULES = """
def raises(event): raise KeyError("secret")
def gives_nothing(event): return None
"""
WITH_FUNCTIONS = """
consent: {regions: []}
enrichment: []
rules:
  - {transform: "shop_rules_of_web:raises", on_failure: pass}
  - {transform: "shop_rules_of_web:gives_nothing", when: {event_name: purchase}}
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


def test_what_goes_wrong_with_functions_in_rules_is_counted_once(
    open_web: Callable[..., TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_rules_of_web.py").write_text(SHOP_RULES)
    monkeypatch.syspath_prepend(tmp_path)
    settings = parse_settings(WITH_FUNCTIONS)
    one, other = open_web(settings=settings), open_web(settings=settings)

    def count(name: str, problem: str) -> float | None:
        labels = {"function": f"shop_rules_of_web:{name}", "problem": problem}
        return sample(families(other), "gateway_plugin_problems_total", **labels)

    one.post("/collect", json=[EVENT, {"event_name": "purchase"}])
    wait_for(lambda: count("raises", "raised") == 2, 60, "the counts to be written")
    other.post("/collect", json=EVENT)
    wait_for(lambda: count("raises", "raised") == 3, 60, "the next count")
    assert count("gives_nothing", "no event") == 1


def test_the_age_of_the_oldest_and_the_pause(web: TestClient, redis: Redis) -> None:
    keys, watch = KEYS.destination("all"), Stopwatch()
    redis.xadd(keys.stream, {"e": "{}"}, id=f"{int((time.time() - 100) * 1000)}-0")
    redis.set(keys.pause, '{"reason": "HTTP 503", "number": 3}', px=50_000)
    redis.xadd(keys.dead, {"d": "{}"})
    now = families(web)
    age = sample(now, "gateway_oldest_pending_seconds", destination="all")
    assert age == watch.age(100)
    assert sample(now, "gateway_paused_seconds", destination="all") == watch.left(50)
    assert sample(now, "gateway_dead_letters", destination="all") == 1
    assert sample(now, "gateway_oldest_pending_seconds", destination="sales") == 0


def test_every_process_tells_the_same(open_web: Callable[..., TestClient]) -> None:
    one, other = open_web(), open_web()
    one.post("/collect", json=EVENT)
    other.post("/collect", json=EVENT)
    for web in (one, other):
        wait_for(
            lambda web=web: (
                sample(families(web), "gateway_received_events_total", source="site") == 2
            ),
            60,
            "the counts of both processes",
        )
