"""All viewers share one reader; a viewer that falls behind is dropped."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.requests import Request

from gateway.console import live_stream
from gateway.console.live import MAX_REMEMBERED, MAX_WAITING, Tail, Tick, Viewer
from gateway.console.live_stream import LiveStream
from gateway.console.trouble import Trouble
from gateway.ledger.errors import LedgerError
from gateway.ledger.newest import Look, Received
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


class Ledger:
    """Stands in for a console: each look has one new event, or raises `fails`."""

    def __init__(self) -> None:
        self.looks = 0
        self.fails: Exception | None = None

    async def read(self, _: object) -> Look:
        self.looks += 1
        if self.fails:
            raise self.fails
        return Look([Received(f"{self.looks:028x}", f"event {self.looks}", "site", 1.0)])


def names(viewer: Viewer) -> list[str]:
    taken = []
    while not viewer.waiting.empty():
        taken += [row.name for row in viewer.waiting.get_nowait().rows]
    return taken


async def test_all_viewers_share_one_reader() -> None:
    ledger = Ledger()
    tail = Tail(ledger, seconds=0.01)  # type: ignore[arg-type]
    with ExitStack() as stack:
        viewers = [stack.enter_context(tail.watched()) for _ in range(50)]
        await until(lambda: ledger.looks >= 10)
        got = [names(viewer) for viewer in viewers]
    assert all(each == got[0] for each in got)
    assert len(got[0]) >= 9
    assert ledger.looks <= len(got[0]) + 1


async def test_nothing_is_read_when_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.console.live.GRACE_SECONDS", 0.0)
    ledger = Ledger()
    tail = Tail(ledger, seconds=0.001)  # type: ignore[arg-type]
    await asyncio.sleep(0.02)
    assert ledger.looks == 0
    with tail.watched():
        await until(lambda: ledger.looks > 1)
    await asyncio.sleep(0.02)
    looks = ledger.looks
    await asyncio.sleep(0.02)
    assert ledger.looks == looks
    with tail.watched() as again:
        await until(lambda: not again.waiting.empty())
        assert tail.since(1) is None, "what came meanwhile is not known"


async def test_a_slow_viewer_is_dropped_and_no_other() -> None:
    tail = Tail(Ledger(), seconds=0.001)  # type: ignore[arg-type]
    with tail.watched() as slow, tail.watched() as quick:
        taken: list[str] = []
        while not slow.dropped.is_set():
            taken += names(quick)
            await asyncio.sleep(0.001)
        assert slow.waiting.qsize() == MAX_WAITING
        assert not quick.dropped.is_set()
        before = len(taken)
        await until(lambda: bool(taken.extend(names(quick)) or len(taken) > before + 5))
        assert slow.waiting.qsize() == MAX_WAITING


async def test_what_is_remembered_is_bounded() -> None:
    tail = Tail(Ledger())  # type: ignore[arg-type]
    newest = MAX_REMEMBERED + 20
    for _ in range(newest):
        tail._tell(Tick(tail._next()))
    assert tail.since(newest) == []
    assert [tick.number for tick in tail.since(newest - 2) or ()] == [newest - 1, newest]
    assert len(tail.since(newest - MAX_REMEMBERED) or ()) == MAX_REMEMBERED
    assert tail.since(newest - MAX_REMEMBERED - 1) is None
    assert tail.since(newest + 1) is None


async def test_a_ledger_that_cannot_be_read_is_said_once() -> None:
    ledger = Ledger()
    tail = Tail(ledger, seconds=0.001)  # type: ignore[arg-type]
    with tail.watched() as viewer:
        await until(lambda: not viewer.waiting.empty())
        ledger.fails = LedgerError("it is gone")
        looks = ledger.looks
        await until(lambda: ledger.looks > looks + 5)
        ticks = [viewer.waiting.get_nowait() for _ in range(viewer.waiting.qsize())]
        assert sum(bool(tick.trouble) for tick in ticks) == 1
        ledger.fails = None
        await until(lambda: not viewer.waiting.empty())


def asks(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/live/stream", "query_string": b""}
    return Request({**scope, "headers": raw, "state": {}})


async def stream(tail: Tail, request: Request, last: str = "", stuck: bool = False) -> str:
    """What a viewer gets. last: the text after which the viewer leaves; by default it stays. stuck:
    whether it takes nothing after the headers."""
    sent = bytearray()

    async def receive() -> dict[str, Any]:
        if not last:
            await asyncio.sleep(3600)
        await until(lambda: last in sent.decode())
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if stuck and message["type"] == "http.response.body":
            await asyncio.sleep(3600)
        sent.extend(message.get("body", b""))

    await LiveStream(tail, request, lambda row: row.name != "event 2")(
        {"type": "http"}, receive, send
    )
    return sent.decode()


async def test_a_stream_has_what_its_viewer_wants() -> None:
    tail = Tail(Ledger(), seconds=0.01)  # type: ignore[arg-type]
    text = await stream(tail, asks(), "event 3")
    assert text.startswith("retry: 1000\n\n")
    assert f"id: {tail.name}-2\ndata: <li>" in text
    assert f"id: {tail.name}-3\n\n" in text, "its number counts, but it has nothing"
    assert "event 1" in text
    assert ">event 2<" not in text
    assert "hx-" not in text


async def test_a_viewer_who_comes_back_goes_on_there() -> None:
    tail = Tail(Ledger(), seconds=0.01)  # type: ignore[arg-type]
    with tail.watched():
        await until(lambda: len(tail.since(1) or []) > 5)
        text = await stream(tail, asks(last_event_id=f"{tail.name}-4"), ">event 5<")
    assert text.index(">event 4<") < text.index(">event 5<")
    assert ">event 3<" not in text
    gap = "Some events are missing here"
    for unknown in ("other-3", f"{tail.name}-x", f"{tail.name}-999999", "\u0661"):
        asked = asks(last_event_id=unknown.encode().decode("latin-1"))
        assert gap in await stream(tail, asked, gap)


async def test_a_tick_while_a_viewer_comes_back_is_sent_once() -> None:
    tail = Tail(Ledger(), seconds=3600)  # type: ignore[arg-type]
    with tail.watched() as other:
        await until(lambda: not other.waiting.empty())
        answer = LiveStream(tail, asks(last_event_id=f"{tail.name}-{tail._number}"), lambda _: True)
        sent = bytearray()

        async def receive() -> dict[str, Any]:
            await until(lambda: b"new" in sent)
            await asyncio.sleep(0.05)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                tail._tell(Tick(tail._next(), trouble="new"))
            sent.extend(message.get("body", b""))

        await answer({"type": "http"}, receive, send)
    assert sent.count(f"id: {tail.name}-{tail._number}\n".encode()) == 1


async def test_a_stream_that_is_stuck_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    tail = Tail(Ledger(), seconds=0.001)  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        assert await stream(tail, asks(), stuck=True) == ""


async def test_a_stream_ends_so_that_its_session_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "LAST_SECONDS", 1.0)
    monkeypatch.setattr(live_stream, "QUIET_SECONDS", 0.05)
    ledger = Ledger()
    ledger.fails = LedgerError("nothing comes")
    began = time.monotonic()
    text = await stream(Tail(ledger, seconds=0.1), asks())  # type: ignore[arg-type]
    assert time.monotonic() - began >= 1.0
    assert ": nothing new\n\n" in text


async def test_a_busy_console_is_no_end_of_the_reader() -> None:
    ledger = Ledger()
    tail = Tail(ledger, seconds=0.01)  # type: ignore[arg-type]
    with tail.watched() as viewer:
        ledger.fails = Trouble(503, "Too many pages ask the ledger.")
        await until(lambda: ledger.looks >= 3)
        ledger.fails = None
        await until(lambda: any(name.startswith("event") for name in names(viewer)))
