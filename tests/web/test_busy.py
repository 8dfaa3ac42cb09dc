"""More requests at once than a process can answer: the excess is refused, and nothing accepted is
lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway import turn as turn_module
from gateway.app import create_app
from gateway.queue.entry import Entry
from gateway.settings import Settings
from gateway.turn import Turn

REQUESTS = 1000


async def post(app: Any, event_id: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of the answer to one event."""
    body = json.dumps({"event_name": "page_view", "event_id": event_id}).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/collect",
        "query_string": b"",
        "headers": [(b"content-type", b"text/plain"), (b"origin", b"https://shop.example")],
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
    monkeypatch.setattr(turn_module, "SECONDS", 0.02)
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
async def test_a_turn_ends_when_all_that_had_come_have_begun() -> None:
    turn = Turn()
    late = 10.1 + turn_module.SECONDS
    assert not any(turn.is_over(10.0) for _ in range(turn_module.LEAST))
    assert not turn.is_over(10.0)
    assert turn.is_over(late)
    await asyncio.sleep(0)
    assert not turn.is_over(20.0)


@pytest.mark.anyio
async def test_a_few_requests_may_take_long() -> None:
    turn = Turn()
    assert not any(turn.is_over(float(second)) for second in range(turn_module.LEAST))
    assert turn.is_over(1000.0)
