"""Floods up to every bound: a backend with a key is not refused, and memory stays bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.web import app as app_module
from tests.hostile.conftest import KEY
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.valkey_server import Valkey

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
enrichment: []
dedupe_window: {window}
consent:
  default: {{analytics_storage: granted}}
  regions: []
  withdrawals: true
  hold: {{most_events: 1000, max_events: {held}, max_bytes: 1000000000}}
sources:
  site: {{type: collect, spool: false}}
  backend: {{type: events, keys: [test-key]}}
destinations:
  down:
    type: webhook
    url: "http://127.0.0.1:9/"
    consent: []
    delivery: {{max_pending: {pending}, max_pending_bytes: {size}}}
  late:
    type: webhook
    url: "http://127.0.0.1:9/"
    consent: [ad_storage]
    when: {{event_name: late}}
"""
WIDE: dict[str, Any] = {"window": 600, "held": 10**6, "pending": 10**6, "size": 10**9}
MEMORY = 40_000_000
LOOKS = 40
"""How many events the backend sends after intake has closed to others."""


def numbered(number: int, **fields: Any) -> dict[str, Any]:
    return {"event_name": "view", "event_id": f"e-{number}", **fields}


def denial(number: int) -> dict[str, Any]:
    return numbered(number, consent={"ad_storage": "denied"})


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path, MEMORY) as server:
        yield server


@pytest.fixture
def open_small(
    small: Valkey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., TestClient]]:
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)
    opened: list[TestClient] = []

    def open_small(**limits: Any) -> TestClient:
        settings = parse_settings(CONFIG.format(**{**WIDE, **limits}), environment={})
        client = TestClient(app_module.create_app(settings, small.url))
        client.__enter__()
        opened.append(client)
        return client

    yield open_small
    for client in opened:
        client.__exit__()


def send(web: TestClient, events: list[dict[str, Any]], page: int | None = None) -> Any:
    body = {"events": events} if page is None else {"events": events, "page_token": f"{page:032}"}
    return web.post("/collect", content=json.dumps(body))


def from_backend(web: TestClient, number: int) -> Any:
    return web.post("/events", json=numbered(number, event_name="order"), headers=KEY)


@pytest.mark.parametrize(
    ("limits", "size", "reason"),
    [
        ({"pending": 400}, 0, "pending events"),
        ({"size": 400_000}, 500, "400000 bytes of pending events"),
        ({"size": "null"}, 5000, "8000000 bytes of pending events"),
        ({}, 5000, "40000000 bytes of Redis memory"),
    ],
)
def test_a_flood_closes_intake_to_those_who_have_no_key(
    open_small: Callable[..., TestClient],
    small: Valkey,
    limits: dict[str, Any],
    size: int,
    reason: str,
) -> None:
    web = open_small(**limits)
    numbers = count()

    def flood() -> Any:
        return send(web, [numbered(next(numbers), title="x" * size) for _ in range(20)])

    def is_closed() -> bool:
        answer = flood()
        assert answer.status_code in (204, 503)
        assert from_backend(web, next(numbers)).status_code == 200
        return bool(answer.status_code == 503)

    wait_for(is_closed, 120, "intake to close to browsers")
    for _ in range(LOOKS):
        flood()
        assert from_backend(web, next(numbers)).status_code == 200
    answer = flood()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert reason in answer.json()["error"]
    with small.client() as redis:
        assert used(redis) < 0.95 * MEMORY


def test_marks_against_repetition(open_small: Callable[..., TestClient], small: Valkey) -> None:
    web = open_small()
    with small.client() as redis:
        prefix, part = KEYS.destination("down").seen, 600_000 // 8
        seconds, _ = redis.time()  # type: ignore[misc]
        redis.set(f"{prefix}#{1000 * seconds // part}", 45_000, ex=600)  # 6 MB is its share
        numbers = count()

        def is_unmarked() -> bool:
            assert send(web, [numbered(next(numbers))]).status_code == 204
            return bool(redis.hget(KEYS.destination("down").counts, "unmarked"))

        wait_for(is_unmarked, 60, "an event of a browser to leave no mark")
    assert from_backend(web, next(numbers)).status_code == 200


def test_a_full_hold_withholds_and_refuses_nothing(
    open_small: Callable[..., TestClient], small: Valkey
) -> None:
    web = open_small(held=50)
    numbers = count()
    with small.client() as redis:

        def is_full() -> bool:
            number = next(numbers)
            answer = send(web, [numbered(number, event_name="late")], page=number)
            assert answer.status_code == 204
            return bool(redis.hget(KEYS.counts, "hold_full"))

        wait_for(is_full, 60, "an event to be withheld")
        assert 35 <= int(redis.hget(KEYS.counts, "held_events") or 0) <= next(numbers)  # type: ignore[arg-type]
    assert from_backend(web, next(numbers)).status_code == 200


def test_a_flood_of_denials(open_small: Callable[..., TestClient], small: Valkey) -> None:
    web = open_small()
    numbers = count()

    def is_closed() -> bool:
        number = next(numbers)
        return bool(send(web, [denial(number)], page=number).status_code == 503)

    with small.client() as redis:
        assert not is_closed()
        (key,) = (key for key in redis.scan_iter(f"{KEYS.withdrawn}#*"))
        redis.incrby(key, 6000)  # 2 MB is their share
    wait_for(is_closed, 60, "intake to close to denials of browsers")
    assert send(web, [numbered(next(numbers))]).status_code == 204
    trusted = {**denial(next(numbers)), "client_id": "1.2"}
    assert web.post("/events", json=trusted, headers=KEY).status_code == 200


def used(redis: Redis) -> int:
    return int(redis.info("memory")["used_memory"])  # type: ignore[index]
