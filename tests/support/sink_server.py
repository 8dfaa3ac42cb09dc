"""A local HTTP server in the place of the vendors: it keeps what it gets, and can misbehave."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Reply = tuple[int, bytes]


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: Any


def agree(received: Received) -> Reply:
    """Answers as the vendors do when all is well."""
    if "/events" in received.path and "data" in received.body and received.path.startswith("/v"):
        return 200, json.dumps({"events_received": len(received.body["data"])}).encode()
    return 204, b""


@dataclass
class Sink:
    """`reply` may be changed while it runs; it is called for each request, in the sink's thread."""

    reply: Callable[[Received], Reply] = agree
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

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

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
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                received = Received(lines[0].split()[1], headers, json.loads(body))
                status, answer = self.reply(received)
                if status < 300:
                    self.requests.append(received)
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (status, len(answer)) + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
