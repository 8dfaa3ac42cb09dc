"""A gateway with a source for each protocol, and a sink that keeps what it forwards: one pair for
all tests of clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Sink

KEY = "backend-test-key"
CONFIG = """
server: {{public_url: http://127.0.0.1}}
redis: {{url: embedded, data_dir: "${{DATA_DIR}}"}}
consent:
  unknown_place: {{ad_storage: granted, ad_user_data: granted, analytics_storage: granted}}
sources:
  backend: {{type: events, keys: [{key}]}}
  segment: {{type: segment, write_keys: [public-write-key], secret_keys: [server-write-key]}}
  snowplow: {{type: snowplow}}
  jitsu: {{type: jitsu, write_keys: ["public:write-key"], secret_keys: ["server:write-key"]}}
  posthog: {{type: posthog, write_keys: [public-write-key], secret_keys: [server-write-key]}}
  matomo: {{type: matomo, site_ids: ["1"], keys: [server-write-key]}}
  umami: {{type: umami, website_ids: [11111111-2222-4333-8444-555555555555]}}
  plausible: {{type: plausible, domains: [shop.example]}}
  measurement_protocol:
    type: measurement_protocol
    api_secrets: {{G-TEST000001: ga4-api-secret}}
destinations:
  warehouse:
    type: webhook
    url: {sink}/warehouse
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    allow_private_addresses: true
    consent: []
"""


@dataclass
class Running:
    """gateway, and the events that reached the sink, in `sink`."""

    gateway: Gateway
    sink: Sink

    @property
    def events_url(self) -> str:
        return f"{self.gateway.url}/events"

    def events(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        bodies = [request.body["data"] for request in list(self.sink.requests)]
        return [event for event in bodies if wanted(event)]

    def wait_for_events(
        self, count: int, wanted: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """The events that arrived, once there are `count` of them that are `wanted`."""
        wait_for(lambda: len(self.events(wanted)) >= count, 60, f"{count} events")
        return self.events(wanted)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Sink() as sink:
        config = CONFIG.format(sink=sink.url, key=KEY)
        with Gateway(tmp_path_factory.mktemp("clients"), config) as gateway:
            yield Running(gateway, sink)
