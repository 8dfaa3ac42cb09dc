"""Requests that take long to read do not hold the event loop."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from gateway.configuration.kinds import source_types
from gateway.configuration.load import parse_settings
from gateway.sources import collect, events, own_events
from gateway.sources.base import Batch, Inbound, Refused, Source
from gateway.web import long_reading
from gateway.web.long_reading import LongReading, takes_long
from tests.benchmarks.bodies import purchase

KEY = "a-secret-of-the-shop"
SETTINGS = parse_settings(
    f"""
sources:
  collect: {{type: collect}}
  events: {{type: events, keys: [{KEY}]}}
  ga4: {{type: ga4}}
  measurement_protocol: {{type: measurement_protocol, api_secrets: {{G-1: {KEY}}}}}
  posthog: {{type: posthog, write_keys: [k]}}
  segment: {{type: segment, write_keys: [k]}}
destinations: {{d: {{type: webhook, url: "https://a.example/"}}}}
"""
)
EVENTS = 1000
MANY = {f"consent{number}": "x" for number in range(300)}


def source(kind: str) -> Source[Any]:
    return source_types()[kind](SETTINGS.sources[kind])


def post(path: str, body: Any = b"", query: str = "", key: str = "") -> Inbound:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Inbound("POST", path, query, headers, data)


def posthog() -> bytes:
    batch = [{"event": "a", "distinct_id": "v"}] * EVENTS
    return b64encode(orjson.dumps({"api_key": "k", "batch": batch, **MANY}))


SHARED = {
    "ga4": post(
        "/g/collect",
        b"\n".join([b"en=a"] * EVENTS),
        "v=2&tid=G-1&" + "&".join(f"ep.{number}=a" for number in range(300)),
    ),
    "ga4, in 4 KB": post(
        "/g/collect",
        b"\n".join([b"en=a"] * 300),
        "v=2&tid=G-1&" + "&".join(f"ep.{number}=a" for number in range(200)),
    ),
    "segment": post(
        "/v1/batch",
        {
            "writeKey": "k",
            "context": {"traits": MANY, "campaign": MANY},
            "batch": [{"type": "track", "event": "a", "anonymousId": "v"}] * EVENTS,
        },
    ),
    "collect": post("/collect", {"events": [{"event_name": "a"}] * EVENTS, **MANY}),
    "events": post("/events", {"events": [{"event_name": "a"}] * EVENTS, **MANY}, key=KEY),
    "measurement_protocol": post(
        "/mp/collect",
        {"client_id": "v", "user_data": MANY, "events": [{"name": "a"}] * EVENTS},
        f"measurement_id=G-1&api_secret={KEY}",
    ),
    "posthog": post("/batch", posthog()),
}


@pytest.mark.parametrize("name", SHARED)
def test_events_that_share_fields_take_long(name: str) -> None:
    assert takes_long(SHARED[name])


@pytest.mark.parametrize(
    "request_",
    [
        post("/collect", purchase().encode()),
        post("/collect", {"event_name": "view_item_list", "items": [{"item_id": "a" * 400}] * 30}),
        post("/collect", {"event_name": "page_view", "text": "x" * 60_000}),
        post("/g/collect", b"", "v=2&tid=G-1&en=a&ep.text=" + "x" * 16_000),
        post("/g/collect", b"\n".join([b"en=a&ep.text=" + b"x" * 60] * 20), "v=2&tid=G-1"),
        post("/collect", [{"event_name": "a"}] * 40),
    ],
)
def test_usual_requests_do_not(request_: Inbound) -> None:
    assert not takes_long(request_)


@pytest.mark.anyio
@pytest.mark.parametrize("name", SHARED)
async def test_the_loop_turns_while_one_is_read(name: str) -> None:
    reads, turns = source(name.partition(",")[0]), 0
    reading = asyncio.ensure_future(LongReading().read(reads, SHARED[name]))
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    batch, alone = reading.result(), reads.read(SHARED[name])
    assert turns > 10
    assert len(batch.events) >= 300
    assert batch == alone


class _Waits:
    """Stands for a source whose requests take until they are let go."""

    def __init__(self, has_key: bool = False) -> None:
        self.may_end = threading.Event()
        self.read_requests: list[Inbound] = []
        self._has_key = has_key

    def shows_key(self, request: Inbound) -> bool:
        return self._has_key

    def read(self, request: Inbound) -> Batch:
        assert self.may_end.wait(60)
        self.read_requests.append(request)
        return Batch(trusted=self._has_key)


Waits: Callable[..., Any] = _Waits


@pytest.mark.anyio
async def test_who_shows_a_key_does_not_wait_for_strangers() -> None:
    reading, strangers, backend = LongReading(), Waits(), Waits(has_key=True)
    backend.may_end.set()
    waiting = [
        asyncio.ensure_future(reading.read(strangers, post("/collect", b"x"))) for _ in range(3)
    ]
    assert (await reading.read(backend, post("/events", b"x"))).trusted
    assert not any(each.done() for each in waiting)
    strangers.may_end.set()
    await asyncio.gather(*waiting)


@pytest.mark.anyio
async def test_strangers_are_read_one_after_the_other_in_their_order() -> None:
    reading, strangers = LongReading(), Waits()
    requests = [post(f"/{number}", b"x") for number in range(5)]
    waiting = [asyncio.ensure_future(reading.read(strangers, each)) for each in requests]
    await asyncio.sleep(0)
    strangers.may_end.set()
    await asyncio.gather(*waiting)
    assert strangers.read_requests == requests


@pytest.mark.anyio
@pytest.mark.parametrize("has_key", [False, True])
async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch, has_key: bool) -> None:
    monkeypatch.setattr(long_reading, "MAX_WAITING_BYTES", 100)
    reading, senders = LongReading(), Waits(has_key)
    waiting = [
        asyncio.ensure_future(reading.read(senders, post("/collect", b"x" * 40))) for _ in range(3)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="too many large requests") as refused:
        waiting[2].result()
    assert (refused.value.status, refused.value.reason) == (503, "busy")
    gone = waiting.pop(1)
    gone.cancel()
    await asyncio.wait([gone])
    again = asyncio.ensure_future(reading.read(senders, post("/collect", b"x" * 60)))
    await asyncio.sleep(0)
    senders.may_end.set()
    read = Batch(trusted=has_key)
    assert (await waiting[0], await again) == (read, read)


@pytest.mark.anyio
async def test_a_request_that_is_refused_makes_room_for_others() -> None:
    reading, large = LongReading(), post("/collect", b"{" * 100_000)
    for _ in range(2 * long_reading.MAX_WAITING_BYTES // 100_000):
        with pytest.raises(Refused, match="the body is"):
            await reading.read(source("collect"), large)


@pytest.mark.parametrize(
    ("path", "key", "thread"),
    [("/collect", "", "read-strangers_0"), ("/events", "test-key", "read-keyed_0")],
)
def test_intake_reads_them_in_a_thread(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, key: str, thread: str
) -> None:
    threads, read = [], own_events.raw_events

    def noticed(request: Inbound) -> own_events.RawEvents:
        threads.append(threading.current_thread().name)
        return read(request)

    monkeypatch.setattr(collect, "raw_events", noticed)
    monkeypatch.setattr(events, "raw_events", noticed)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    for many in ([{"event_name": "a"}] * 100, [{"event_name": "a"}]):
        assert web.post(path, json=many, headers=headers).status_code in (200, 204)
    assert threads[0] == thread
    assert threads[1] != thread
