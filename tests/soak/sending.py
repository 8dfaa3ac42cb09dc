"""Senders of events at a steady rate, each repeated until it is answered with 2xx."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

ANSWER_SECONDS = 8.0
KEY = "soak-backend-key"
PAUSE_SECONDS = 0.25
"""Between two tries. Shorter than `Retry-After` asks, so that more requests meet an outage."""


@dataclass
class Sent:
    """accepted: when each event was answered with 2xx, by the monotonic clock. tries: their number,
    by event. answers: the number of answers by status, and of failures by kind. refusals: the
    answers other than 2xx. uncertain: tries without a 2xx that may have been accepted."""

    accepted: dict[str, float] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    answer_seconds: list[float] = field(default_factory=list)
    refusals: set[str] = field(default_factory=set)
    uncertain: int = 0


@dataclass
class Senders:
    """Sends `rate` events a second to `path`. give_up: seconds after which no event is tried again.
    sent: the results, which several senders may share. hurry: once set, the rest is sent at once.
    """

    port: int
    rate: float
    path: str = "/collect"
    connections: int = 8
    give_up: float = 300.0
    sent: Sent = field(default_factory=Sent)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, events: Sequence[tuple[str, bytes]]) -> Sent:
        """Sends `events`: the id and the body of each."""
        began = time.monotonic()
        waiting = iter([(began + n / self.rate, *event) for n, event in enumerate(events)])
        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(self._send_in_turn(waiting, began + self.give_up))
        return self.sent

    async def _send_in_turn(
        self, waiting: Iterator[tuple[float, str, bytes]], deadline: float
    ) -> None:
        connection = Connection(self.port, self.path)
        for due, event_id, body in waiting:
            if not self.hurry.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.hurry.wait(), due - time.monotonic())
            while not await self._try(connection, event_id, body):
                if time.monotonic() > deadline:
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        connection.close()

    async def _try(self, connection: Connection, event_id: str, body: bytes) -> bool:
        began = time.monotonic()
        self.sent.tries[event_id] += 1
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, said = await connection.post(body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            connection.close()
            self.sent.answers[type(error).__name__] += 1
            self.sent.uncertain += not isinstance(error, ConnectionRefusedError)
            return False
        self.sent.answers[str(status)] += 1
        if not 200 <= status < 300:
            self.sent.refusals.add(f"{status} {said}")
            self.sent.uncertain += 1
            return False
        self.sent.accepted[event_id] = time.monotonic()
        self.sent.answer_seconds.append(time.monotonic() - began)
        return True


class Connection:
    """One kept-alive connection, opened again when it has broken."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: text/plain\r\n"
            f"user-agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0\r\n"
            f"authorization: Bearer {KEY}\r\ncontent-length: "
        ).encode()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, body: bytes) -> tuple[int, str]:
        """The status, and the body with `Retry-After` before it. Raises OSError,
        IncompleteReadError."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(self._head + b"%d\r\n\r\n" % len(body) + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        headers = dict(line.split(": ", 1) for line in answer.split("\r\n")[1:] if line)
        said = await self._reader.readexactly(int(headers.get("content-length", "0")))
        wait = headers.get("retry-after")
        return int(answer[9:12]), f"retry-after {wait}: {said.decode()}" if wait else said.decode()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def make_event(event_id: str, name: str = "page_view", **other: object) -> tuple[str, bytes]:
    """An event of about 0.5 KB that every kind of destination can send.

    other: fields to change or add.
    """
    event = {
        "event_name": name,
        "event_id": event_id,
        "client_id": f"{event_id}.1795219200",
        "page_location": f"https://shop.example/p/{event_id}?utm_source=soak",
        "page_title": "A thing that one can buy in a shop",
        "value": 12.5,
        "currency": "EUR",
        "items": [{"item_id": "SKU-1", "item_name": "A thing", "price": 12.5, "quantity": 1}],
        "consent": dict.fromkeys(("ad_storage", "ad_user_data", "analytics_storage"), "granted"),
        "user_data": {"email_address": "visitor@example.com"},
        **other,
    }
    return event_id, json.dumps(event).encode()


def make_events(prefix: str, count: int, every: int = 0) -> list[tuple[str, bytes]]:
    """Page views; every tenth id has a dot, which a `webhook-id` may not contain.

    every: one in so many events is a `scroll`; 0 for none.
    """
    return [
        make_event(
            f"{prefix}{'.' if n % 10 == 0 else '-'}{n}",
            "scroll" if every and n % every == 0 else "page_view",
        )
        for n in range(count)
    ]
