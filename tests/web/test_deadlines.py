"""Slow bodies end at their deadline, and no request sets a timer of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from gateway.sources.base import Refused
from gateway.web.body import BODY_SECONDS, read_body
from gateway.web.deadlines import LOOK_SECONDS, Deadlines

LIMIT = 1_000


class Clock:
    """Replaces the timers of the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.timers: list[Callable[[], None]] = []
        self.set = 0
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", self._call_later)

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        assert seconds == LOOK_SECONDS
        self.set += 1
        self.timers.append(callback)

    async def wait(self, looks: int) -> None:
        for _ in range(looks):
            due, self.timers = self.timers, []
            for callback in due:
                callback()
            for _ in range(3):
                await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Sender:
    """A body that is read while the test sends its parts."""

    def __init__(self, deadlines: Deadlines) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.body = asyncio.ensure_future(read_body(self.inbox.get, {}, LIMIT, deadlines))

    def send(self, body: bytes, more: bool = True) -> None:
        self.inbox.put_nowait({"type": "http.request", "body": body, "more_body": more})


@pytest.mark.anyio
async def test_a_body_that_never_ends_is_refused_at_its_deadline(clock: Clock) -> None:
    deadlines = Deadlines(BODY_SECONDS)
    first = Sender(deadlines)
    await clock.wait(0)
    await asyncio.sleep(0)
    await clock.wait(4)
    second = Sender(deadlines)
    await asyncio.sleep(0)
    for _ in range(BODY_SECONDS - 4):  # a byte now and then does not help
        first.send(b"x")
        await clock.wait(1)
    assert not first.body.done()
    await clock.wait(1)
    with pytest.raises(Refused, match=f"longer than {BODY_SECONDS} s") as refused:
        first.body.result()
    assert (refused.value.status, refused.value.reason) == (408, "too_slow")
    await clock.wait(3)
    assert not second.body.done()
    await clock.wait(1)
    assert isinstance(second.body.exception(), Refused)
    await clock.wait(1)
    assert not clock.timers


@pytest.mark.anyio
async def test_a_body_that_ends_in_time_is_read_and_looked_at_no_more(clock: Clock) -> None:
    sender = Sender(Deadlines(BODY_SECONDS))
    await asyncio.sleep(0)
    sender.send(b"ab")
    await clock.wait(BODY_SECONDS)
    sender.send(b"c", more=False)
    assert await sender.body == b"abc"
    await clock.wait(1)
    assert not clock.timers


@pytest.mark.anyio
async def test_a_thousand_bodies_set_one_timer(clock: Clock) -> None:
    deadlines = Deadlines(BODY_SECONDS)
    senders = [Sender(deadlines) for _ in range(1000)]
    await asyncio.sleep(0)
    for sender in senders:
        sender.send(b"x", more=False)
    assert await asyncio.gather(*(sender.body for sender in senders)) == [b"x"] * 1000
    assert clock.set == 1


@pytest.mark.anyio
@pytest.mark.parametrize("end", ["gone", "cancelled", "too large"])
async def test_a_body_that_ends_otherwise_leaves_no_deadline(clock: Clock, end: str) -> None:
    sender = Sender(Deadlines(BODY_SECONDS))
    await asyncio.sleep(0)
    if end == "gone":
        sender.inbox.put_nowait({"type": "http.disconnect"})
        with pytest.raises(ClientDisconnect):
            await sender.body
    elif end == "cancelled":  # by the server, and not for slowness
        sender.body.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sender.body
    else:
        sender.send(b"x" * (LIMIT + 1))
        with pytest.raises(Refused, match="larger than"):
            await sender.body
    await clock.wait(1)
    assert not clock.timers


@pytest.mark.anyio
async def test_a_task_goes_on_after_its_deadline(clock: Clock) -> None:
    deadlines, inbox = Deadlines(BODY_SECONDS), asyncio.Queue[dict[str, Any]]()

    async def answer() -> int:
        try:
            await read_body(inbox.get, {}, LIMIT, deadlines)
        except Refused as refused:
            await asyncio.sleep(0)  # as sending the answer does
            task = asyncio.current_task()
            assert task is not None
            assert not task.cancelling()
            return refused.status
        return 0

    answering = asyncio.ensure_future(answer())
    await asyncio.sleep(0)
    await clock.wait(BODY_SECONDS + 1)
    assert await answering == 408
