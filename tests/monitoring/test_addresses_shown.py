"""Requests without the visitor's address are counted in the metrics, and on the screen of
`gateway status` if there are any."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from gateway.cli.status import status
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from gateway.monitoring.problems import ADDRESS_REASONS
from gateway.queue.address_counts import UNKNOWN
from tests.support.keys import KEYS
from tests.support.operator_commands import runner

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""
COUNTED = {
    "client_address:no_header": 12,
    "client_address:hidden": 3,
    "client_address:untrusted_proxy": 7,
}


@pytest.fixture
def shown(redis_url: str, tmp_path: Path) -> Callable[..., str]:
    file = tmp_path / "gateway.yaml"
    run = runner(status, file, redis_url)
    file.write_text(CONFIG)

    def shown(*words: str) -> str:
        result = run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    return shown


@pytest.mark.anyio
async def test_the_counters(redis: Redis) -> None:
    await redis.hset(KEYS.counts, mapping=COUNTED)
    text = render(await read_numbers(redis, KEYS, []), [], {}).decode()
    for reason, count in {"no_header": 12, "unreadable": 0, "hidden": 3, "proxy": 0}.items():
        line = f'gateway_client_address_unknown_requests_total{{reason="{reason}"}} {count}.0\n'
        assert line in text
    assert "\ngateway_untrusted_proxy_requests_total 7.0\n" in text


def test_without_such_requests_the_status_says_nothing(shown: Callable[..., str]) -> None:
    assert "address" not in shown()
    read = json.loads(shown("--json"))
    assert read["unknown_addresses"] == dict.fromkeys(UNKNOWN, 0)
    assert read["untrusted_proxy_requests"] == 0


def test_the_status_says_why_and_what_to_do(shown: Callable[..., str], redis_url: str) -> None:
    with SyncRedis.from_url(redis_url) as server:
        server.hset(KEYS.counts, mapping=COUNTED)
    words = " ".join(shown().split())
    assert (
        "15 requests from trusted proxies did not state the visitor's address: 12 without a "
        "forwarding header, 3 with an address that a proxy hides. The place of these visitors is "
        "unknown. Make your proxy send X-Forwarded-For, or name its header in "
        "`server.client_ip_header`."
    ) in words
    assert (
        "7 requests came through a proxy in your network that is not trusted, so they have the "
        "proxy's address instead of the visitor's. Add it to `server.trusted_proxies`: the log of "
        "the web process names it."
    ) in words
    read = json.loads(shown("--json"))
    assert read["unknown_addresses"] == {"no_header": 12, "unreadable": 0, "hidden": 3, "proxy": 0}
    assert read["untrusted_proxy_requests"] == 7


def test_every_reason_has_words() -> None:
    assert tuple(ADDRESS_REASONS) == UNKNOWN
