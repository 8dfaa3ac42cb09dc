"""If more requests come at once than a process can answer, the excess is refused, requests with a
key last, and no accepted event is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from gateway.web import load_shedder as turn_module
from gateway.web.app import create_app
from gateway.web.key_check import MAX_HEAD_BYTES
from gateway.web.load_shedder import LoadShedder

REQUESTS = 1000


async def post(
    app: Any, event_id: str, path: str = "/collect", key: str = "", query: str = ""
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of the answer to one event."""
    body = json.dumps({"event_name": "page_view", "event_id": event_id}).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (b"content-type", b"text/plain"),
            (b"origin", b"https://shop.example"),
            (b"authorization", f"Bearer {key}".encode()),
        ],
        "client": ("203.0.113.7", 50000),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.anyio
async def test_the_excess_is_refused_and_what_was_accepted_is_stored(
    redis_url: str,
    settings: Settings,
    stored: Callable[..., list[Entry]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn_module, "TURN_SECONDS", 0.02)
    app = create_app(settings, redis_url)
    answers = await asyncio.gather(*(post(app, f"e-{n}") for n in range(REQUESTS)))
    accepted = {f"e-{n}" for n, (status, _, _) in enumerate(answers) if status == 204}
    refused = [answer for answer in answers if answer[0] != 204]
    assert accepted
    assert refused
    for status, headers, body in refused:
        assert (status, json.loads(body)["reason"]) == (503, "busy")
        assert int(headers[b"retry-after"]) >= 1
        assert headers[b"access-control-allow-origin"] == b"https://shop.example"
    assert {entry.event["event_id"] for entry in stored("all")} == accepted
    assert (await post(app, "later"))[0] == 204


@pytest.mark.anyio
async def test_a_flood_of_others_never_sheds_those_with_a_key(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_module, "TURN_SECONDS", 0.0)
    app = create_app(settings, redis_url)
    floods = (
        *(post(app, f"f-{n}") for n in range(REQUESTS)),
        *(post(app, f"w-{n}", "/events", "wrong") for n in range(REQUESTS)),
        *(post(app, f"l-{n}", "/events", "test-key", "x" * MAX_HEAD_BYTES) for n in range(10)),
    )
    keyed = [post(app, f"k-{n}", "/events", "test-key") for n in range(turn_module.LEAST)]
    answers = await asyncio.gather(*floods, *keyed)
    statuses = [status for status, _, _ in answers]
    assert statuses[-len(keyed) :] == [200] * len(keyed)
    assert statuses[: len(floods)].count(204) == turn_module.LEAST
    assert set(statuses[REQUESTS : len(floods)]) == {503}, "a wrong key, or one in a long head"


@pytest.mark.anyio
async def test_those_with_a_key_are_shed_when_they_are_too_many_themselves(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_module, "TURN_SECONDS", 0.0)
    app = create_app(settings, redis_url)
    keyed = (post(app, f"k-{n}", "/events", "test-key") for n in range(REQUESTS))
    statuses = [status for status, _, _ in await asyncio.gather(*keyed)]
    assert statuses.count(200) == 2 * turn_module.LEAST
    assert statuses.count(503) == REQUESTS - 2 * turn_module.LEAST


@pytest.mark.anyio
async def test_a_turn_ends_when_all_that_had_come_have_begun() -> None:
    turn = LoadShedder()
    late = 10.1 + turn_module.TURN_SECONDS
    assert not any(turn.should_shed(10.0) for _ in range(turn_module.LEAST))
    assert not turn.should_shed(10.0)
    assert turn.should_shed(late)
    await asyncio.sleep(0)
    assert not turn.should_shed(20.0)


@pytest.mark.anyio
async def test_a_few_requests_may_take_long() -> None:
    turn = LoadShedder()
    assert not any(turn.should_shed(float(second)) for second in range(turn_module.LEAST))
    assert turn.should_shed(1000.0)
