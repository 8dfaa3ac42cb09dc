"""The web application on a real server, with its lifespan running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
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

CONFIG = """
server:
  trusted_proxies: [10.0.0.0/8, "fd00::/8"]
  max_body_bytes: 20000
dedupe_window: 0  # tests send the same event again and again
enrichment: []
sources:
  site:
    type: collect
    allowed_origins: ["https://shop.example", "http://localhost:3000"]
  closed: {type: collect, paths: [/closed]}
  backend: {type: events, keys: [test-key]}
  image: {type: pixel}
  limited: {type: collect, paths: [/limited], rate_limit: 3/minute}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}
  sales:
    type: webhook
    url: "http://127.0.0.1:9/"
    consent: []
    when: {event_name: purchase}
"""

Open = Callable[..., TestClient]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return parse_settings(CONFIG)


@pytest.fixture(scope="session")
def enriching(settings: Settings) -> Settings:
    """`settings` with every enrichment; compiling them takes a moment."""
    return parse_settings(CONFIG.replace("enrichment: []\n", ""))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)


@pytest.fixture
def open_web(redis_url: str, settings: Settings) -> Iterator[Open]:
    """Starts the application; `peer` is the address that requests come from."""
    with ExitStack() as stack:

        def open_web(
            peer: str = "203.0.113.7", url: str = redis_url, settings: Settings = settings
        ) -> TestClient:
            app = app_module.create_app(settings, url)
            return stack.enter_context(TestClient(app, client=(peer, 50000)))

        yield open_web


@pytest.fixture
def web(open_web: Open) -> TestClient:
    client = open_web()
    wait_for(lambda: client.get("/readyz").status_code == 200, 60, "readiness")
    return client


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:  # type: ignore[override]
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def stored(redis: Redis) -> Callable[[str], list[Entry]]:
    """The entries that wait for a destination."""

    def stored(destination: str = "all") -> list[Entry]:
        rows: Any = redis.xrange(KEYS.destination(destination).stream)
        return [decode(entry_id, 1, fields[b"e"]) for entry_id, fields in rows]

    return stored


@pytest.fixture
def refused(redis: Redis) -> Callable[[str, str], int]:
    """How often a source refused for a reason, once the count has arrived in Redis."""

    return partial(count_refused, redis)
