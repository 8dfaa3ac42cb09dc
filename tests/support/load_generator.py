"""A small load generator: many POSTs over a few, or many, kept-alive connections."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

Named = tuple[str, bytes]
"""The name of a request, which identifies its answer, and its body."""

NONE = 0
"""The status of a request that got no answer."""


@dataclass
class Answers:
    """What the senders saw.

    seconds: how long each answer took, by its status. accepted: when each request that got 2xx was
    answered, by its name and the monotonic clock. hasty: refusals (429, 503) without
    `Retry-After`. unsent: requests for which no connection was free.
    """

    seconds: dict[int, list[float]] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    hasty: int = 0
    unsent: int = 0

    @property
    def statuses(self) -> Counter[int]:
        return Counter({status: len(seconds) for status, seconds in self.seconds.items()})

    def add(self, name: str, head: bytes, began: float) -> None:
        """head: of the answer, in lower case; empty without one."""
        now = time.monotonic()
        status = int(head[9:12]) if head else NONE
        self.seconds.setdefault(status, []).append(now - began)
        if 200 <= status < 300:
            self.accepted[name] = now
        elif status in (429, 503) and b"\r\nretry-after:" not in head:
            self.hasty += 1


async def post_many(
    port: int, path: str, requests: Iterable[Named], connections: int, seconds: float = 3600
) -> Answers:
    """Posts each of `requests` as soon as one of `connections` is free, for `seconds` at most."""
    answers = Answers()
    waiting, until = iter(requests), time.monotonic() + seconds
    senders = [Connection(port, path) for _ in range(connections)]
    await asyncio.gather(*(_post_in_turn(each, waiting, until, answers) for each in senders))
    return answers


async def post_at_rate(
    port: int, path: str, requests: Iterable[Named], rate: float, connections: int
) -> Answers:
    """Posts `rate` of `requests` a second, however long answers take.

    Each request takes the connection that has been free for longest. Its time counts from when it
    was due.
    """
    answers = Answers()
    free = deque(Connection(port, path) for _ in range(connections))
    sending: set[asyncio.Task[None]] = set()
    began = time.monotonic()

    async def send(connection: Connection, name: str, body: bytes, due: float) -> None:
        answers.add(name, await connection.post(body), due)
        free.append(connection)

    for number, (name, body) in enumerate(requests):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if not free:
            answers.unsent += 1
            continue
        task = asyncio.create_task(send(free.popleft(), name, body, due))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)
    for connection in free:
        connection.close()
    return answers


async def _post_in_turn(
    connection: Connection, requests: Iterator[Named], until: float, answers: Answers
) -> None:
    for name, body in requests:
        began = time.monotonic()
        answers.add(name, await connection.post(body), began)
        if time.monotonic() > until:
            break
    connection.close()


class Connection(asyncio.Protocol):
    """One kept-alive connection, opened when it is needed; one request at a time."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: text/plain\r\n"
            "user-agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0\r\n"
            "accept-language: en\r\ncontent-length: "
        ).encode()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received = b""

    async def post(self, body: bytes) -> bytes:
        """The head of the answer, in lower case; empty when the connection broke."""
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        if self._transport is None:
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self._port)
            except OSError:
                return b""
        if self._transport is not None:
            self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        head = await self._answer
        if b"\r\nconnection: close" in head:
            self.close()
        return head

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._received = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if len(self._received) >= end + 4 + int(length or 0):
            self._received = b""
            self._end(head)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._end(b"")

    def _end(self, head: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(head)
