"""The stream of a viewer: server-sent events, each with the rows of a tick that the viewer wants.

Source: html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from gateway.console.event_rows import EventRow
from gateway.console.live import Tail, Tick
from gateway.console.rendering import render

QUIET_SECONDS = 15.0
"""A comment is sent after this long without a tick, so that no proxy takes the connection for
dead."""
LAST_SECONDS = 60.0
"""How long a stream lasts. The browser reconnects by itself, which ends the streams of those who
may not see the console any more."""
RETRY_MS = 1000

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

Wanted = Callable[[EventRow], bool]


class LiveStream:
    """An ASGI answer. It ends when the viewer goes away or falls behind, and after
    `LAST_SECONDS`."""

    def __init__(self, tail: Tail, request: Request, wanted: Wanted) -> None:
        self._tail = tail
        self._request = request
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._tail.watched() as viewer:
            missed = self._missed()  # at once: what comes from now on waits
            ends = [
                asyncio.create_task(self._send(missed, viewer.waiting, send)),
                asyncio.create_task(_until_gone(receive)),
                asyncio.create_task(viewer.dropped.wait()),
            ]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in ends:
                    task.cancel()
                await asyncio.gather(*ends, return_exceptions=True)

    async def _send(self, missed: Sequence[Tick], waiting: asyncio.Queue[Tick], send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        with suppress(OSError):
            async with aclosing(self._texts(missed, waiting)) as texts:
                async for text in texts:
                    await send(_body(text, more=True))
            await send(_body("", more=False))

    async def _texts(
        self, missed: Sequence[Tick], waiting: asyncio.Queue[Tick]
    ) -> AsyncGenerator[str, None]:
        yield f"retry: {RETRY_MS}\n\n"
        for tick in missed:
            yield self._text(tick)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + LAST_SECONDS
        while (left := ends_at - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, QUIET_SECONDS)):
                    tick = await waiting.get()
            except TimeoutError:
                yield ": nothing new\n\n"
            else:
                yield self._text(tick)

    def _missed(self) -> Sequence[Tick]:
        """The ticks since the last one that the browser got; a tick with `is_gap` if they are not
        known."""
        last = self._request.headers.get("last-event-id", "")
        name, _, number = last.partition("-")
        if not last:
            return ()
        known = None
        if name == self._tail.name and number.isascii() and number.isdecimal():
            known = self._tail.since(int(number[:9]))
        return [Tick(0, is_gap=True)] if known is None else known

    def _text(self, tick: Tick) -> str:
        rows = [row for row in tick.rows if self._wanted(row)]
        lines = [f"id: {self._tail.name}-{tick.number}"] if tick.number else []
        if rows or tick.passed or tick.trouble or tick.is_gap:
            shown = {"rows": rows, "tick": tick}
            html = render("live_rows.html", self._request, shown)
            lines += [f"data: {line}" for line in html.splitlines() if line.strip()]
        return "\n".join([*lines, "", ""])


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(text: str, more: bool) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}
