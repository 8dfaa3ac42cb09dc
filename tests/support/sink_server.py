"""A local HTTP server that stands in for the vendors, keeps the requests that it accepts, and can
misbehave.

It is as strict as the vendors, unless a test sets its answers.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.vendors.all import Vendors
from tests.vendors.answer import Answer

Reply = tuple[int, bytes]


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: Any


def _read(headers: dict[str, str], body: bytes) -> Any:
    is_form = headers.get("content-type") == "application/x-www-form-urlencoded"
    if is_form:
        return dict(parse_qsl(body.decode()))
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


@dataclass
class Sink:
    """reply: answers in place of `vendors`; called for each request, in the sink's thread; may be
    changed while the sink runs. On exit, the sink fails if GA4 lost an event, which GA4 does not
    report."""

    reply: Callable[[Received], Reply] | None = None
    vendors: Vendors = field(default_factory=Vendors)
    requests: list[Received] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Sink:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        def serve() -> None:
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(
                asyncio.start_server(self._talk, "127.0.0.1", self.port)
            )
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        ready.wait(60)
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        assert failure or self.vendors.ga4.lost == []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines[1:] if line)
                }
                if headers.get("transfer-encoding") == "chunked":
                    body = await _read_chunks(reader)
                else:
                    body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, target, _ = lines[0].split()
                received = Received(target, headers, _read(headers, body))
                answer = (
                    Answer(*self.reply(received))
                    if self.reply
                    else self.vendors.answer(method, target, body, headers)
                )
                if answer.status < 300:
                    self.requests.append(received)
                writer.write(_as_bytes(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A body without trailers. Source: RFC 9112, 7.1"""
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(chunks)


def _as_bytes(answer: Answer) -> bytes:
    fields = {**answer.headers, "content-length": str(len(answer.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {answer.status} X\r\n{head}\r\n".encode("latin-1") + answer.body
