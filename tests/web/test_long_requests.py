"""Requests that take long neither block the event loop nor take much memory."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from gateway.configuration.kinds import source_types
from gateway.configuration.load import parse_settings
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.pending_counts import PendingCounts
from gateway.sources import batch_size, collect, events, own_events
from gateway.sources.base import Inbound, Refused, Source
from gateway.web import long_requests
from gateway.web.client_ip import compile_client_ip
from gateway.web.intake import Intake
from gateway.web.long_requests import Lane, LongRequests, takes_long
from gateway.web.shared import Shared
from tests.benchmarks.bodies import purchase

KEY = "a-secret-of-the-shop"
SETTINGS = parse_settings(
    f"""
sources:
  collect: {{type: collect}}
  events: {{type: events, keys: [{KEY}]}}
  ga4: {{type: ga4}}
  matomo: {{type: matomo}}
  measurement_protocol: {{type: measurement_protocol, api_secrets: {{G-1: {KEY}}}}}
  posthog: {{type: posthog, write_keys: [k]}}
  segment: {{type: segment, write_keys: [k]}}
destinations: {{d: {{type: webhook, url: "https://a.example/"}}}}
"""
)
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/collect",
    "query_string": b"",
    "client": ("203.0.113.7", 50000),
    "headers": [(b"content-type", b"application/json")],
}
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
    assert takes_long(source(name.partition(",")[0]), SHARED[name])


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("ga4", post("/g/collect", b"", "v=2&tid=G-1&en=a&ep.text=" + "x" * 16_000)),
        ("ga4", post("/g/collect", b"\n".join([b"en=a"] * 40), "v=2&tid=G-1&ep.a=" + "x" * 900)),
        ("posthog", Inbound("GET", "/e", "data=" + b64encode(b"x" * 4000).decode())),
        ("matomo", post("/matomo.php", {"consent": MANY, "requests": ["?rec=1"] * 900})),
        (
            "collect",
            post("/collect", {"events": [{"event_name": "a"}] * 30, "a": ["x" * 10] * 3000}),
        ),
    ],
)
def test_what_has_a_long_query_or_texts_for_events_takes_long(kind: str, request_: Inbound) -> None:
    assert takes_long(source(kind), request_)


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("collect", post("/collect", purchase().encode())),
        (
            "collect",
            post("/collect", {"event_name": "a", "items": [{"item_id": "a" * 400}] * 30}),
        ),
        ("collect", post("/collect", {"event_name": "page_view", "text": "x" * 60_000})),
        ("collect", post("/collect", [{"event_name": "a"}] * 40)),
        ("ga4", post("/g/collect", b"", "v=2&tid=G-1&en=a&ep.text=" + "x" * 3_000)),
        ("ga4", post("/g/collect", b"\n".join([b"en=a&ep.text=" + b"x" * 60] * 20), "v=2&tid=G")),
        ("matomo", post("/matomo.php", {"requests": ["?rec=1&idsite=1"] * 20})),
    ],
)
def test_usual_requests_do_not(kind: str, request_: Inbound) -> None:
    assert not takes_long(source(kind), request_)


@pytest.mark.anyio
@pytest.mark.parametrize("name", SHARED)
async def test_the_loop_turns_while_one_is_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(batch_size, "MAX_SIZE", 1 << 30)
    reads, turns = source(name.partition(",")[0]), 0
    reading = asyncio.ensure_future(Lane("reads").read(reads, SHARED[name]))
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    batch, alone = reading.result(), reads.read(SHARED[name])
    assert turns > 10
    assert len(batch.events) >= 300
    assert batch == alone


async def under_way(lane: Lane, may_end: asyncio.Event, begun: list[int], number: int = 0) -> None:
    async with lane.place(40):
        begun.append(number)
        await may_end.wait()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_few_are_under_way_in_the_order_in_which_they_came() -> None:
    lane, may_end, begun = Lane("reads"), asyncio.Event(), list[int]()
    tasks = [asyncio.ensure_future(under_way(lane, may_end, begun, each)) for each in range(5)]
    await turns()
    assert begun == [0, 1]
    may_end.set()
    await asyncio.gather(*tasks)
    assert begun == [0, 1, 2, 3, 4]


@pytest.mark.anyio
async def test_who_shows_a_key_does_not_wait_for_strangers() -> None:
    requests, may_end, begun = LongRequests(), asyncio.Event(), list[int]()
    strangers = requests.lane(source("events"), post("/events", b"x"))
    keyed = requests.lane(source("events"), post("/events", b"x", key=KEY))
    tasks = [asyncio.ensure_future(under_way(strangers, may_end, begun)) for _ in range(3)]
    await turns()
    async with keyed.place(40):
        assert not any(each.done() for each in tasks)
    may_end.set()
    await asyncio.gather(*tasks)


@pytest.mark.anyio
async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_requests, "MAX_WAITING_BYTES", 100)
    lane, may_end, begun = Lane("reads"), asyncio.Event(), list[int]()
    tasks = [asyncio.ensure_future(under_way(lane, may_end, begun, each)) for each in range(4)]
    await turns()
    with pytest.raises(Refused, match="too many requests at once") as refused:
        await under_way(lane, may_end, begun, 4)
    assert (refused.value.status, refused.value.reason) == (503, "busy")
    gone = tasks.pop(2)
    gone.cancel()
    await asyncio.wait([gone])
    tasks.append(asyncio.ensure_future(under_way(lane, may_end, begun, 5)))
    await turns()
    may_end.set()
    await asyncio.gather(*tasks)
    assert begun == [0, 1, 3, 5]


@pytest.mark.anyio
async def test_none_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_requests, "MAX_WAIT", 0.0)
    lane, may_end, begun = Lane("reads"), asyncio.Event(), list[int]()
    tasks = [asyncio.ensure_future(under_way(lane, may_end, begun, each)) for each in range(2)]
    await turns()
    with pytest.raises(Refused, match="too many requests at once"):
        await under_way(lane, may_end, begun, 2)
    may_end.set()
    await asyncio.gather(*tasks)
    await under_way(lane, may_end, begun, 3)
    assert begun == [0, 1, 3]


@pytest.mark.anyio
async def test_a_request_that_is_refused_makes_room_for_others() -> None:
    lane, large = Lane("reads"), post("/collect", b"{" * 100_000)
    for _ in range(2 * long_requests.PLACES):
        with pytest.raises(Refused, match="the body is"):
            async with lane.place(len(large.body)):
                await lane.read(source("collect"), large)


class _Appender:
    """An appender whose commits last until the test lets them end."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.events: list[int] = []

    async def append(self, decisions: list[Decision]) -> bool:
        self.events.append(len(decisions))
        await self.may_end.wait()
        return False


@pytest.mark.anyio
async def test_one_is_under_way_until_its_events_are_stored() -> None:
    appender, answers = _Appender(), list[int]()
    shared = Shared(compile_pipeline(SETTINGS), PendingCounts(), compile_client_ip([]))
    intake = Intake("collect", source("collect"), shared, appender, 131_072)

    async def send(events: int) -> None:
        body = orjson.dumps([{"event_name": "page_view"}] * events)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answered(message: Any) -> None:
            answers.append(message.get("status", 0))

        await intake(SCOPE, receive, answered)

    tasks = [asyncio.ensure_future(send(events)) for events in (100, 101, 102, 103, 1)]
    while len(appender.events) < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # time to read the others, if they were not held back
    assert sorted(appender.events) == [1, 100, 101]
    appender.may_end.set()
    await asyncio.gather(*tasks)
    assert sorted(appender.events) == [1, 100, 101, 102, 103]
    assert answers.count(204) == 5


@pytest.mark.parametrize(
    ("path", "key", "thread"),
    [("/collect", "", "read-strangers_0"), ("/events", "test-key", "read-keyed_0")],
)
def test_intake_reads_them_in_a_thread(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, key: str, thread: str
) -> None:
    threads, read = [], own_events.raw_events

    def noticed(request: Inbound, trusted: bool = False) -> own_events.RawEvents:
        threads.append(threading.current_thread().name)
        return read(request, trusted)

    monkeypatch.setattr(collect, "raw_events", noticed)
    monkeypatch.setattr(events, "raw_events", noticed)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    for many in ([{"event_name": "a"}] * 100, [{"event_name": "a"}]):
        assert web.post(path, json=many, headers=headers).status_code in (200, 204)
    assert threads[0] == thread
    assert threads[1] != thread
