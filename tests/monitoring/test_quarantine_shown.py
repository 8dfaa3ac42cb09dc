"""The number of quarantined events is in the metrics, and on the status screen unless it is 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from gateway.cli.status import status
from gateway.configuration.load import parse_settings
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from gateway.monitoring.status import read_status
from tests.support.events import make_event
from tests.support.keys import KEYS
from tests.support.quarantine import set_aside, set_aside_now

pytestmark = pytest.mark.anyio

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""


@pytest.mark.parametrize("number", [0, 3])
async def test_the_gauge(redis: Redis, number: int) -> None:
    await set_aside(redis, [make_event(n) for n in range(number)])
    text = render(await read_numbers(redis, KEYS, []), [], {}).decode()
    assert f"\ngateway_quarantined_events {number}.0\n" in text


async def test_the_status(redis: Redis) -> None:
    settings = parse_settings(CONFIG)
    assert (await read_status(redis, settings, 1000.0)).quarantined == 0
    await set_aside(redis, [make_event(n) for n in range(3)])
    assert (await read_status(redis, settings, 1000.0)).quarantined == 3


def test_the_screen(redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)

    def shown(*words: str) -> str:
        where = ["--config", str(file), "--redis-url", redis_url]
        result = CliRunner().invoke(status, [*words, *where])
        assert result.exit_code == 0, result.output
        return result.output

    assert "quarantine" not in shown()
    assert json.loads(shown("--json"))["quarantined"] == 0
    set_aside_now(redis_url, [make_event(0)])
    assert "1 event is in quarantine: run" in shown()
    set_aside_now(redis_url, [make_event(n) for n in range(1, 3)])
    assert "3 events are in quarantine: run `gateway quarantine list` to see why." in shown()
    assert json.loads(shown("--json"))["quarantined"] == 3
