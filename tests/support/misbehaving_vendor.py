"""A server process that stands in for the vendors, records the ids of events and can misbehave.

    python misbehaving_vendor.py RECORD --port 8000 --seconds 600

It appends a line to RECORD for each event in each request that it read, before it answers, and
ends by itself after the given seconds. `POST /behave` sets how it treats a path: see `Behaviour`.
A path that ends in ``/events`` gets Meta's requests and is answered in Meta's words; any other
gets webhooks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import struct
import time
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

MOODS = {
    "well": "takes the events and says so",
    "throttled": "429 without Retry-After",
    "throttled_for_a_second": "429 with Retry-After: 1",
    "failing": "503",
    "reset_reading": "resets the connection in the middle of the request's body",
    "reset_answering": "takes the events, and resets the connection in the middle of its answer",
    "slow_loris": "answers a byte at a time, for ever",
    "silent": "never answers",
    "partial": "takes the first half of the events and says how many; of one event, all",
}
TAKES = {"well", "reset_answering"}
POISON_ANSWER = {
    "error": {
        "message": "Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": 2804050,
        "is_transient": False,
        "error_user_title": "Unsuitable customer information",
        "error_user_msg": "The event at hand cannot be matched to anybody",
        "fbtrace_id": "AbCdEfGhIjK",
    }
}
LORIS_SECONDS = 0.2


@dataclass
class Behaviour:
    """How requests to one path are treated.

    moods: how likely each of `MOODS` is; the rest up to 1 is "well". latency: seconds from the
    request to the answer, least and most. poison: the event id for which a request is refused as a
    whole. seed: that of the random choices.
    """

    moods: dict[str, float] = field(default_factory=dict)
    latency: tuple[float, float] = (0.0, 0.0)
    poison: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        if unknown := self.moods.keys() - MOODS.keys():
            raise ValueError(f"unknown moods: {unknown}")
        self._dice = random.Random(self.seed)

    def mood(self) -> str:
        rest = self._dice.random()
        for mood, share in self.moods.items():
            rest -= share
            if rest < 0:
                return mood
        return "well"

    def delay(self) -> float:
        return self._dice.uniform(*self.latency)

    def as_json(self, path: str) -> bytes:
        """The body of `POST /behave`."""
        return json.dumps({"path": path, **asdict(self)}).encode()


class Vendors:
    """What all connections share: the record, and the behaviours by path."""

    def __init__(self, record: str) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._behaviours: dict[str, Behaviour] = {}
        self._requests = time.monotonic_ns()

    def of(self, path: str) -> Behaviour:
        return self._behaviours.setdefault(path, Behaviour())

    def behave(self, told: dict[str, Any]) -> None:
        path = told.pop("path")
        self._behaviours[path] = Behaviour(**told)

    def note(self, path: str, mood: str, events: list[tuple[str, str]], taken: int) -> None:
        """One line for each event: when, number of the request, path, mood, whether it was taken,
        its id, its dedupe key."""
        self._requests += 1
        head = f"{time.monotonic():.6f} {self._requests} {path} {mood}"
        lines = [
            f"{head} {int(place < taken)} {event_id} {key}\n"
            for place, (event_id, key) in enumerate(events)
        ]
        os.write(self._record, "".join(lines).encode())


class Conversation(asyncio.Protocol):
    """One connection: one request after the other."""

    def __init__(self, vendors: Vendors) -> None:
        self._vendors = vendors
        self._received = bytearray()
        self._mood = ""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        path = first.split()[1]
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
        body_has = len(self._received) - end - 4
        self._mood = self._mood or ("well" if path == "/behave" else self._vendors.of(path).mood())
        if self._mood == "reset_reading" and body_has >= length // 2:
            self._reset()
        elif body_has >= length:
            body = bytes(self._received[end + 4 : end + 4 + length])
            del self._received[: end + 4 + length]
            mood, self._mood = self._mood, ""
            self._treat(path, mood, headers, body)

    def _treat(self, path: str, mood: str, headers: dict[str, str], body: bytes) -> None:
        read = json.loads(body)
        if path == "/behave":
            self._vendors.behave(read)
            self._answer(204)
            return
        behaviour = self._vendors.of(path)
        is_meta = path.endswith("/events")
        events = _events_of_meta(read) if is_meta else _event_of_webhook(read, headers)
        if behaviour.poison and any(event_id == behaviour.poison for event_id, _ in events):
            mood = "poisoned"
        taken = 0
        if mood in TAKES or (mood == "partial" and len(events) == 1):
            taken = len(events)
        elif mood == "partial":
            taken = len(events) // 2
        self._vendors.note(path, mood, events, taken)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(behaviour.delay(), self._act, mood, is_meta, taken)

    def _act(self, mood: str, is_meta: bool, taken: int) -> None:
        if mood in ("throttled", "throttled_for_a_second"):
            more = b"retry-after: 1\r\n" if mood == "throttled_for_a_second" else b""
            self._answer(429, b'{"error":"slow down"}', more)
        elif mood == "failing":
            self._answer(503, b"the vendor is being repaired")
        elif mood == "poisoned":
            self._answer(400, json.dumps(POISON_ANSWER).encode())
        elif mood == "reset_answering":
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            self._timer = asyncio.get_running_loop().call_later(0.01, self._reset)
        elif mood == "slow_loris":
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            self._drip()
        elif mood != "silent" and is_meta:
            self._answer(200, json.dumps({"events_received": taken}).encode())
        elif mood != "silent":
            self._answer(204)

    def _answer(self, status: int, body: bytes = b"", more: bytes = b"") -> None:
        length = b"" if status == 204 else b"content-length: %d\r\n" % len(body)
        self._transport.write(b"HTTP/1.1 %d X\r\n%b%b\r\n%b" % (status, length, more, body))

    def _drip(self) -> None:
        self._transport.write(b" ")
        self._timer = asyncio.get_running_loop().call_later(LORIS_SECONDS, self._drip)

    def _reset(self) -> None:
        """Closes with a TCP reset instead of an orderly end."""
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _event_of_webhook(read: Any, headers: dict[str, str]) -> list[tuple[str, str]]:
    """The event's id, and the vendor's dedupe key: the `webhook-id`."""
    return [(read["data"]["event_id"], headers["webhook-id"])]


def _events_of_meta(read: Any) -> list[tuple[str, str]]:
    """The events' ids, and the vendor's dedupe keys: name and id together."""
    return [(e["event_id"], f"{e['event_name']}/{e['event_id']}") for e in read["data"]]


async def serve(record: str, port: int, seconds: float) -> None:
    vendors = Vendors(record)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(vendors), "127.0.0.1", port, backlog=512)
    async with server:
        await asyncio.sleep(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    uvloop.run(serve(given.record, given.port, given.seconds))


if __name__ == "__main__":
    main()
