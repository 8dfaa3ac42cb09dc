"""Intake stores a request before it confirms it; otherwise the answer says why not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from gateway.web import deadlines, intake
from gateway.web.app import create_app
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.operators import operators
from tests.support.valkey_server import Valkey

EVENT = {"event_name": "page_view", "event_id": "e-1"}
KEY = {"authorization": "Bearer test-key"}
Stored = Callable[..., list[Entry]]
Refused = Callable[[str, str], int]


class TestAccepted:
    def test_204_once_the_event_is_stored(self, web: TestClient, stored: Stored) -> None:
        began = time.time()
        answer = web.post("/collect", json=EVENT)
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-length" not in answer.headers
        (entry,) = stored("all")
        assert entry.event["event_id"] == "e-1"
        assert (entry.source, entry.event["ip_override"]) == ("site", "203.0.113.7")
        assert began - 1 <= entry.received_at <= time.time() + 1
        assert stored("sales") == []

    def test_200_with_ids_for_backends(self, web: TestClient, stored: Stored) -> None:
        answer = web.post("/events", json=[EVENT, {"event_name": "purchase"}], headers=KEY)
        assert answer.status_code == 200
        ids = answer.json()["event_ids"]
        assert [entry.event["event_id"] for entry in stored("all")] == ids
        assert [entry.event["event_id"] for entry in stored("sales")] == ids[1:]

    def test_200_with_a_report_when_some_are_refused(self, web: TestClient, stored: Stored) -> None:
        answer = web.post("/collect", json=[EVENT, {"no_name": 1}])
        assert answer.status_code == 200
        assert answer.json()["accepted"] == 1
        assert [each["index"] for each in answer.json()["refused"]] == [1]
        assert len(stored("all")) == 1

    def test_a_slash_at_the_end_of_a_path_costs_no_event(
        self, web: TestClient, stored: Stored
    ) -> None:
        assert web.post("/collect/", json=EVENT, follow_redirects=False).status_code == 204
        assert len(stored("all")) == 1

    def test_a_pixel(self, web: TestClient, stored: Stored) -> None:
        answer = web.get("/pixel.gif?event_name=open")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert stored("all")[0].event["event_name"] == "open"
        assert web.head("/pixel.gif").status_code == 200
        assert len(stored("all")) == 1

    def test_destinations_are_woken_and_counted(self, web: TestClient, redis: Redis) -> None:
        web.post("/collect", json=EVENT)
        deadline = time.monotonic() + 60
        while not redis.llen("rq:queue:gateway"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        counts = redis.hgetall(KEYS.destination("sales").counts)
        assert {name: counts[name] for name in (b"accepted", b"withheld")} == {
            b"accepted": b"1",
            b"withheld": b"1",
        }


class TestRefused:
    @pytest.mark.parametrize(
        ("path", "request_", "status", "reason"),
        [
            ("/collect", {"content": b"{"}, 400, "malformed"),
            ("/collect", {"content": b"null"}, 400, "malformed"),
            ("/collect", {"content": b"[]"}, 400, "malformed"),
            ("/collect", {"json": {"no_name": 1}}, 400, "invalid"),
            ("/events", {"json": EVENT}, 401, "unauthorized"),
            ("/events", {"json": EVENT, "headers": {"authorization": "Basic x"}}, 401, ""),
            ("/collect", {"content": b"x" * 20_001}, 413, "too_large"),
            ("/collect", {"content": iter([b"x" * 15_000] * 2)}, 413, "too_large"),
            ("/collect", {"json": [0] * 1001}, 413, "too_many_events"),
            (
                "/collect",
                {"content": b"<a/>", "headers": {"content-type": "text/xml"}},
                415,
                "unsupported_media_type",
            ),
            (
                "/collect",
                {"content": b"{}", "headers": {"content-encoding": "br"}},
                415,
                "unsupported_encoding",
            ),
        ],
    )
    def test_with_the_status_that_says_why(
        self,
        web: TestClient,
        stored: Stored,
        refused: Refused,
        path: str,
        request_: dict[str, Any],
        status: int,
        reason: str,
    ) -> None:
        answer = web.post(path, **request_)
        assert answer.status_code == status
        assert stored("all") == []
        if reason and reason != "invalid":
            assert answer.json()["reason"] == reason
        source = {"/collect": "site", "/events": "backend"}[path]
        assert refused(source, reason or "unauthorized") == 1

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/collect"), ("PUT", "/events"), ("POST", "/pixel.gif")]
    )
    def test_405_for_another_method(self, web: TestClient, method: str, path: str) -> None:
        answer = web.request(method, path)
        assert answer.status_code == 405
        assert "use " in answer.json()["error"]
        assert method not in answer.headers["allow"].split(", ")

    def test_404_elsewhere(self, web: TestClient) -> None:
        assert web.post("/nowhere", json=EVENT).status_code == 404

    def test_429_with_the_seconds_to_wait(self, web: TestClient, refused: Refused) -> None:
        answers = [web.post("/limited", json=EVENT) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert refused("limited", "rate_limited") == 1

    def test_the_limit_is_for_each_address(self, open_web: Callable[..., TestClient]) -> None:
        web = open_web(peer="10.0.0.1")
        for number in range(4):
            headers = {"x-forwarded-for": f"198.51.100.{number}"}
            assert web.post("/limited", json=EVENT, headers=headers).status_code == 204

    def test_no_answer_repeats_what_was_sent(self, web: TestClient) -> None:
        bodies = [b'{"event_name": 1, "value": "someone@example.com"}', b"someone@example.com"]
        for body in bodies:
            assert "someone" not in web.post("/collect", content=body).text

    def test_an_event_that_json_cannot_say(self, web: TestClient, stored: Stored) -> None:
        answer = web.post("/collect", content=b'{"event_name": "x", "note": "\\ud800"}')
        assert answer.status_code in (204, 400)
        assert len(stored("all")) == (answer.status_code == 204)


def asgi_scope(path: str = "/collect", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.replace("_", "-").encode(), v.encode("latin-1")) for name, v in headers.items()
        ],
        "client": ("203.0.113.7", 50000),
        "server": ("testserver", 80),
    }


class Wire:
    """A connection that delivers the messages in its inbox and keeps the answers."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in messages:
            self.inbox.put_nowait(message)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return await self.inbox.get()

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.anyio
class TestSlowAndGone:
    async def post(self, wire: Wire, url: str, settings: Settings, **headers: str) -> None:
        app = create_app(settings, url)
        async with asyncio.timeout(60):
            await app(asgi_scope(**headers), wire.receive, wire.send)  # type: ignore[arg-type]

    async def test_408_for_a_body_that_never_ends(
        self, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(deadlines, "LOOK_SECONDS", 0.005)
        monkeypatch.setattr(intake, "BODY_SECONDS", 0.02)
        wire = Wire(part(b'{"event_name"'))
        await self.post(wire, redis_url, settings)
        assert wire.sent[0]["status"] == 408

    async def test_a_body_in_many_parts(
        self, redis_url: str, settings: Settings, redis: Redis
    ) -> None:
        body = json.dumps(EVENT).encode()
        parts = [part(body[place : place + 1]) for place in range(len(body))]
        wire = Wire(*parts, part(b"", more=False))
        await self.post(wire, redis_url, settings)
        assert wire.sent[0]["status"] == 204

    async def test_a_sender_that_goes_away_leaves_nothing(
        self, redis_url: str, settings: Settings, redis: Redis
    ) -> None:
        for messages in ([part(b'{"event_name"')], []):
            wire = Wire(*messages, {"type": "http.disconnect"})
            await self.post(wire, redis_url, settings)
            assert wire.sent == []
        assert redis.keys("gw:*stream") == []

    @pytest.mark.parametrize("length", ["²", "-1", "1e3", "", "9" * 5000, "99999999"])
    async def test_odd_content_lengths_are_no_fault_of_ours(
        self, redis_url: str, settings: Settings, length: str
    ) -> None:
        wire = Wire(part(json.dumps(EVENT).encode(), more=False))
        await self.post(wire, redis_url, settings, content_length=length)
        assert wire.sent[0]["status"] in (204, 400, 413)


class TestWithoutRedis:
    def test_503_and_when_to_come_back(self, open_web: Callable[..., TestClient]) -> None:
        web = open_web(url="unix:///nowhere/valkey.sock")
        answer = web.post("/collect", json=EVENT)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["reason"] == "unavailable"
        assert web.get("/healthz").status_code == 200
        assert web.get("/readyz").status_code == 503
        assert operators(web).get("/metrics").status_code == 503

    def test_503_at_maxmemory(self, web: TestClient, redis: Redis, stored: Stored) -> None:
        redis.config_set("maxmemory", 1)
        answer = web.post("/collect", json=EVENT)
        redis.config_set("maxmemory", 0)
        assert answer.status_code == 503
        assert stored("all") == []

        def accepts() -> bool:
            return web.post("/collect", json=EVENT).status_code == 204

        wait_for(accepts, 60, "intake to be open again")

    def test_503_while_there_is_still_room_for_the_books(
        self, web: TestClient, redis: Redis
    ) -> None:
        """RQ needs memory to start and end jobs; without any, no stream would be drained."""

        def status() -> int:
            return int(web.post("/collect", json=EVENT).status_code)

        web.post("/collect", json=EVENT)
        used = redis.info("memory")["used_memory"]
        redis.config_set("maxmemory", int(1.05 * used))
        try:
            wait_for(lambda: status() == 503, 60, "intake to be shut")
            redis.set("books", "x" * 1000)
            redis.config_set("maxmemory", 2 * used)
            wait_for(lambda: status() == 204, 60, "intake to be open again")
        finally:
            redis.config_set("maxmemory", 0)

    @pytest.mark.anyio
    async def test_503_in_a_few_seconds_when_redis_hangs(
        self, redis_url: str, settings: Settings, valkey: Valkey
    ) -> None:
        app = create_app(settings, redis_url)
        transport, to_operators = httpx.ASGITransport(app), httpx.ASGITransport(app.operators)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            httpx.AsyncClient(transport=to_operators, base_url="http://localhost") as operator,
        ):
            valkey.suspend()
            started = time.monotonic()
            try:
                answers = await asyncio.gather(
                    client.post("/collect", json=EVENT),
                    client.get("/readyz"),
                    operator.get("/readyz"),
                    operator.get("/metrics"),
                )
            finally:
                valkey.resume()
        assert [answer.status_code for answer in answers] == [503, 503, 503, 503]
        assert time.monotonic() - started < 30

    @pytest.mark.anyio
    async def test_however_many_wait(
        self, redis_url: str, settings: Settings, valkey: Valkey
    ) -> None:
        app = create_app(settings, redis_url)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.post("/collect", json=EVENT)).status_code == 204
            valkey.suspend()
            started = time.monotonic()
            try:
                many = [EVENT] * 60
                answers = await asyncio.gather(
                    *(client.post("/collect", json=many, timeout=None) for _ in range(100))
                )
            finally:
                valkey.resume()
            assert {answer.status_code for answer in answers} == {503}
            assert time.monotonic() - started < 60
            assert (await client.post("/collect", json=EVENT)).status_code == 204

    def test_the_books_are_right_when_redis_is_back(
        self, web: TestClient, valkey: Valkey, redis: Redis, refused: Refused
    ) -> None:
        valkey.suspend()
        answer = web.post("/collect", json=[EVENT, EVENT])
        valkey.resume()
        assert answer.status_code == 503
        assert web.post("/collect", json=EVENT).status_code == 204
        assert refused("site", "unavailable") == 2
        counts = {
            int(redis.hget(KEYS.destination(n).counts, "accepted") or 0) for n in ("all", "sales")
        }
        assert counts in ({1}, {3})  # after the 503, both are possible
        assert redis.xlen(KEYS.destination("all").stream) in counts
