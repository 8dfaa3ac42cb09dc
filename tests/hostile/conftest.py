"""The web application with sources that strangers misuse, and a neighbour that sends events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry, decode
from gateway.web import app as app_module
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.refused_counts import count_refused

OpenSources = Callable[[str], TestClient]
CountRefused = Callable[[str, str], int]

CONFIG = """
dedupe_window: 0  # the neighbour's events all have one id
sources:
  site: {type: collect}
  small: {type: collect, paths: [/small], max_body_bytes: 1000}
  greedy: {type: collect, paths: [/greedy], max_body_bytes: 9000000}
  backend: {type: events, keys: [test-key]}
  segment: {type: segment, write_keys: [public]}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}
"""

NEIGHBOUR = {"event_name": "page_view", "event_id": "neighbour", "page_title": "Shoes"}
KEY = {"authorization": "Bearer test-key"}


@pytest.fixture
def open_sources(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSources]:
    """Starts the application with the sources in a text of YAML."""
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)
    opened: list[TestClient] = []

    def open_sources(sources: str) -> TestClient:
        destination = '{hook: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}'
        config = f"enrichment: []\nsources:\n{sources}\ndestinations: {destination}\n"
        client = TestClient(app_module.create_app(parse_settings(config), redis_url))
        client.__enter__()
        opened.append(client)
        return client

    yield open_sources
    for client in opened:
        client.__exit__()


@pytest.fixture
def refused(server: Redis) -> CountRefused:
    """How often a source refused for a reason, once the count has arrived in Redis."""

    return partial(count_refused, server)


@pytest.fixture(scope="session")
def settings() -> Settings:
    return parse_settings(CONFIG)


@pytest.fixture
def web(redis_url: str, settings: Settings) -> Iterator[TestClient]:
    with TestClient(
        app_module.create_app(settings, redis_url), client=("203.0.113.7", 50000)
    ) as client:
        wait_for(lambda: client.get("/readyz").status_code == 200, 60, "readiness")
        yield client


@pytest.fixture
def stored(redis_url: str) -> Callable[[], list[Entry]]:
    """The entries that wait for the destination."""

    def stored() -> list[Entry]:
        with Redis.from_url(redis_url) as redis:
            rows: Any = redis.xrange(KEYS.destination("all").stream)
        return [decode(entry_id, 1, fields[b"e"]) for entry_id, fields in rows]

    return stored


@pytest.fixture
def neighbour_arrives(web: TestClient, stored: Callable[[], list[Entry]]) -> Callable[[], bool]:
    """Sends a neighbour's event; whether it was accepted and stored."""

    def arrives() -> bool:
        status = web.post("/collect", json=NEIGHBOUR).status_code
        return status == 204 and stored()[-1].event["event_id"] == "neighbour"

    return arrives
