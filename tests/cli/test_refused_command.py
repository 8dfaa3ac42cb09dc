"""`gateway refused list`: a sample of refused requests and events, without their content."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis as SyncRedis
from starlette.testclient import TestClient

from gateway.cli.main import main
from gateway.configuration.load import parse_settings
from gateway.queue.refused import MAX_SAMPLES, MAX_WAITING, SAMPLE_SECONDS
from gateway.queue.refused_requests import RefusedRequest, RequestSample
from gateway.redis_client.connect import connect_for_intake
from gateway.web import app as app_module
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS

CONFIG = """
enrichment: []
sources: {site: {type: collect, server_only: [payout]}}
destinations:
  ads: {type: webhook, url: "https://ads.example/"}
"""


@pytest.fixture
def run(redis_url: str, tmp_path: Path) -> Callable[..., Result]:
    config = tmp_path / "gateway.yaml"
    config.write_text(CONFIG)
    common = ["--config", str(config), "--redis-url", redis_url]
    return lambda *words: CliRunner().invoke(main, ["refused", "list", *words, *common])


@pytest.fixture
def post(
    redis_url: str, server: SyncRedis, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], None]:
    """Sends events, and waits until the sample is written."""
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.02)

    def post(events: Any) -> None:
        before = server.xlen(KEYS.refused)
        with TestClient(app_module.create_app(parse_settings(CONFIG), redis_url)) as web:
            web.post("/collect", json=events)
            wait_for(lambda: server.xlen(KEYS.refused) != before, 60, "the sample")

    return post


def test_nothing_was_refused(run: Callable[..., Result]) -> None:
    assert run().output == "No refused requests or events.\n"
    assert json.loads(run("--json").output) == []


def test_types_are_shown_in_place_of_values(
    run: Callable[..., Result], post: Callable[[Any], None]
) -> None:
    items = [{"item_id": "SECRET", "for jane": 1, "jane": 1}]
    refused_event = {"event_nam": "SECRET", "jane@shop.example": 1, "phone_4930": 1, "items": items}
    post([{"event_name": "a"}, refused_event])
    (refused,) = json.loads(run("--json").output)
    assert refused["source"] == "site"
    assert refused["reason"] == "event_name: Field required"
    assert refused["shape"] == {
        "event_nam": "text",
        "?": "number",
        "items": [{"item_id": "text", "?": "number"}],
    }
    output = run().output
    assert "event_name: Field required" in output
    assert "event_nam" in output
    assert "SECRET" not in output
    assert "jane" not in output


def test_an_event_that_only_trusted_senders_may_send_is_shown(
    run: Callable[..., Result], post: Callable[[Any], None]
) -> None:
    post([{"event_name": "a"}, {"event_name": "payout", "own": "SECRET"}])
    (refused,) = json.loads(run("--json").output)
    assert "only from trusted senders (`server_only`)" in refused["reason"]
    assert "SECRET" not in json.dumps(refused)


def test_the_sample_is_small_and_short_lived(
    run: Callable[..., Result], post: Callable[[Any], None], server: SyncRedis
) -> None:
    for number in range(2 * MAX_SAMPLES):
        server.xadd(KEYS.refused, {"n": number})
    letters = "abcdefghijklmnopqrstuvwxyz"
    post([{f"k{first}{second}": 1} for first in letters for second in letters])
    assert server.xlen(KEYS.refused) == MAX_SAMPLES
    assert 0 < int(server.ttl(KEYS.refused)) <= SAMPLE_SECONDS  # type: ignore[arg-type]
    assert len(json.loads(run("--json", "--limit", "5").output)) == 5
    rows: Any = server.xrevrange(KEYS.refused)
    assert sum(b"r" in fields for _, fields in rows) == MAX_WAITING


def test_one_kind_of_mistake_is_one_sample(
    run: Callable[..., Result], post: Callable[[Any], None]
) -> None:
    post([{"value": number} for number in range(300)])
    assert len(json.loads(run("--json").output)) == 1


LOST = [
    RefusedRequest("no_source", "", "unknown", "no", "POST", "/*", origin="null"),
    RefusedRequest("no_source", "", "segment", "no", "POST", "/m/v1/t", ("a",), "text/plain"),
    RefusedRequest("origin", "site", "", "no", "POST", "/collect", origin="https://a.example"),
    RefusedRequest("no_source", "", "a\x1b[2J\nb\u202e", "no", "POST", "/\x1b[2J"),
]


@pytest.fixture
def lost(redis_url: str, server: SyncRedis) -> None:
    """Refused requests in the sample."""

    async def write() -> None:
        async with connect_for_intake(redis_url) as redis:
            sample = RequestSample(redis, KEYS)
            now = float((await redis.time())[0])
            for age, request in enumerate(LOST):
                for _ in range(age + 1):
                    sample.add(request, now - age)
            await sample.flush()

    asyncio.run(write())


@pytest.mark.usefixtures("lost")
def test_requests_of_a_known_protocol_come_first_and_have_a_hint(
    run: Callable[..., Result],
) -> None:
    rows = json.loads(run("--json").output)
    assert [row["looks_like"] for row in rows] == ["segment", "", LOST[3].looks_like, "unknown"]
    assert [row["count"] for row in rows] == [2, 3, 4, 1]
    assert {row["kind"] for row in rows} == {"request"}
    assert rows[0]["hint"].endswith("no source of type `segment` is configured; add one")
    assert "add https://a.example to `allowed_origins` of source `site`" in rows[1]["hint"]
    assert rows[0]["at"] >= rows[0]["first_at"]
    assert len(json.loads(run("--json", "--limit", "1").output)) == 1


@pytest.mark.usefixtures("lost")
def test_requests_are_shown_as_they_were_without_commands_to_the_terminal(
    run: Callable[..., Result],
) -> None:
    output = run().output
    lines = [line.strip() for line in output.splitlines()]
    assert lines[0] == "4 refused requests"
    assert "POST /m/v1/t?a, text/plain" in output
    assert "POST /collect, from https://a.example" in output
    assert "no source (segment)" in output
    assert "Hints" in lines
    assert all(line.isprintable() for line in lines)
