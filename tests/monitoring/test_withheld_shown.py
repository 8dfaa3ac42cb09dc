"""The metrics and the status show why events were withheld."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from gateway.cli.status import status
from gateway.configuration.load import parse_settings
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from gateway.monitoring.status import Withheld, read_status
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_work
from tests.support.drains import nobody
from tests.support.events import make_event
from tests.support.keys import KEYS

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""


@pytest.fixture
def filled(redis_url: str) -> None:
    refused = Verdict(None, "rules", "in words", label='the "odd" rule')
    too_old = Verdict(None, "age", "in words", label="too old")
    made = [
        Decision(make_event(n), {"ads": verdict}, (), "site", 1_800_000_000.0, "version-1")
        for n, verdict in enumerate([too_old, refused, too_old])
    ]

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            await Appender(redis, KEYS, PendingCounts(), nobody).append(made)

    asyncio.run(fill())


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
async def test_the_metric(redis: Redis) -> None:
    text = render(await read_numbers(redis, KEYS, ["ads"]), [], {}).decode()
    metric = "gateway_withheld_events_total"
    assert f'{metric}{{destination="ads",reason="too old",stage="age"}} 2.0\n' in text
    odd = r"the \"odd\" rule"
    assert f'{metric}{{destination="ads",reason="{odd}",stage="rules"}} 1.0\n' in text
    assert 'gateway_events_total{destination="ads",outcome="withheld"} 3.0\n' in text


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
async def test_the_status_has_the_most_frequent_first(redis: Redis) -> None:
    read = await read_status(redis, parse_settings(CONFIG), 1000.0)
    assert read.destinations["ads"].withheld == [
        Withheld("age", "too old", 2),
        Withheld("rules", 'the "odd" rule', 1),
    ]


@pytest.mark.usefixtures("filled")
def test_the_status_as_json(redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    words = ["--json", "--config", str(file), "--redis-url", redis_url]
    result = CliRunner().invoke(status, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["destinations"]["ads"]["withheld"][0] == {
        "stage": "age",
        "reason": "too old",
        "events": 2,
    }
