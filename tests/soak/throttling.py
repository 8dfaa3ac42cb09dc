"""Vendors that throttle: each path answers 429 with its own `Retry-After` until it is relieved."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from email.utils import formatdate


class Throttling:
    """retry_after: by path, a function from the time of the answer (Unix seconds) to `Retry-After`.

    requests: times of the requests by the monotonic clock, by path. relieved: paths that answer
    204.
    """

    def __init__(self, retry_after: dict[str, Callable[[float], str]]) -> None:
        self.requests: defaultdict[str, list[float]] = defaultdict(list)
        self.relieved: set[str] = set()
        self._retry_after = retry_after

    async def __aenter__(self) -> Throttling:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                fields = (line.partition(": ") for line in head.split("\r\n")[1:])
                headers = {name: value for name, _, value in fields}
                await reader.readexactly(int(headers["content-length"]))
                writer.write(self._answer(head.split()[1]))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str) -> bytes:
        now = time.time()
        self.requests[path].append(time.monotonic())
        date = formatdate(now, usegmt=True)
        if path in self.relieved:
            return f"HTTP/1.1 204 X\r\ndate: {date}\r\n\r\n".encode()
        said = self._retry_after[path](now)
        return (
            f"HTTP/1.1 429 X\r\ndate: {date}\r\nretry-after: {said}\r\ncontent-length: 0\r\n\r\n"
        ).encode()
