"""Requests that no source answers, in the metrics and in `gateway status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from gateway.cli.status import status
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from tests.support.keys import KEYS
from tests.support.operator_commands import runner

CONFIG = """
enrichment: []
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""


@pytest.mark.anyio
async def test_the_counter(redis: Redis) -> None:
    await redis.hset(KEYS.counts, mapping={"unclaimed:segment": 7, "unclaimed:unknown": 2})
    text = render(await read_numbers(redis, KEYS, []), [], {}).decode()
    assert '\ngateway_unclaimed_requests_total{looks_like="segment"} 7.0\n' in text
    assert '\ngateway_unclaimed_requests_total{looks_like="unknown"} 2.0\n' in text


def test_the_status_names_known_protocols_alone(redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    run = runner(status, file, redis_url)
    with SyncRedis.from_url(redis_url) as server:
        server.hset(KEYS.counts, mapping={"unclaimed:unknown": 9000})
        assert "no source answers" not in run().output
        server.hset(KEYS.counts, mapping={"unclaimed:segment": 1})
        assert "1 request of known protocols came to a path" in " ".join(run().output.split())
        server.hset(KEYS.counts, mapping={"unclaimed:segment": 7, "unclaimed:ga4": 1})
    words = " ".join(run().output.split())
    assert (
        "8 requests of known protocols came to a path where no source answers: 7 like `segment`, "
        "1 like `ga4`. Run `gateway refused list` to see where they went."
    ) in words
    counts = json.loads(run("--json").output)["unclaimed_requests"]
    assert counts == {"segment": 7, "ga4": 1, "unknown": 9000}
