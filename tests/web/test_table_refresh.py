"""Tables from files and from Redis are there from the first event on, and are refreshed while the
gateway runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from tests.support.gateway_process import wait_for

CONFIG = """
consent: {regions: []}
enrichment: []
lookups:
  tiers: {key: user_id, add: [tier], file: tiers.csv}
  segments: {key: user_id, add: [segment], redis_hash: crm:segments, refresh_seconds: 1}
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
EVENT = {"event_name": "login", "user_id": "u1"}


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    write(tmp_path, "gold")
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return load_settings(path, {})


def write(folder: Path, tier: str) -> None:
    (folder / "new.csv").write_text(f"user_id,tier\nu1,{tier}\n")
    (folder / "new.csv").rename(folder / "tiers.csv")


@pytest.fixture
def found(
    open_web: Callable[..., TestClient],
    stored: Callable[..., list[Entry]],
    redis: Redis,
    configured: Settings,
) -> Callable[[], dict[str, Any]]:
    """Sends an event, and returns the fields that the tables added to it."""
    redis.hset("crm:segments", "u1", "shoes")
    web = open_web(settings=configured)

    def found() -> dict[str, Any]:
        assert web.post("/collect", json=EVENT).status_code == 204
        event = stored()[-1].event
        return {name: event[name] for name in ("tier", "segment") if name in event}

    return found


def test_the_first_event_finds_them(found: Callable[[], dict[str, Any]]) -> None:
    assert found() == {"tier": "gold", "segment": "shoes"}


def test_changes_are_found(
    found: Callable[[], dict[str, Any]], redis: Redis, configured: Settings
) -> None:
    write(configured.folder, "platinum")
    redis.hset("crm:segments", "u1", "hats")
    wait_for(lambda: found() == {"tier": "platinum", "segment": "hats"}, 60, "what is new")


def test_a_file_that_cannot_be_used_any_more_stays_as_it_was(
    found: Callable[[], dict[str, Any]], configured: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (configured.folder / "tiers.csv").unlink()
    kept = "the previous contents stay in use"
    wait_for(lambda: any(kept in line for line in caplog.messages), 60, "the log")
    assert found()["tier"] == "gold"


def test_the_gateway_starts_while_redis_is_away(
    open_web: Callable[..., TestClient], configured: Settings
) -> None:
    web = open_web(url="redis://127.0.0.1:1/0", settings=configured)
    assert web.get("/healthz").status_code == 200
