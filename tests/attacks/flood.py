"""Requests as fast as the gateway answers them, and what it answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count

Answers = Counter[str]
"""The number of each answer: a status with its reason, or `closed` if there was none."""

CLOSED = "closed"
HOST = "m.shop.example"
MAX_ANSWER_BYTES = 1 << 20


def request(
    path: str, body: bytes, address: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """A POST that a proxy forwards for `address`."""
    lines = {"Host": HOST, "X-Forwarded-For": address, **(headers or {})}
    lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def addresses() -> Iterator[str]:
    """Addresses, each a different one."""
    for number in count(1):
        yield f"198.{18 + (number >> 16) % 2}.{number >> 8 & 255}.{number & 255}"


async def flood(
    port: int, make: Callable[[int], bytes], until: float, connections: int = 50
) -> Answers:
    """Sends `make(0)`, `make(1)` ... and counts the answers.

    until: a time of the monotonic clock, in seconds."""
    numbers, answers = count(), Answers()

    async def send() -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                await _send_on_one_connection(port, make, numbers, until, answers)

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(send())
    return answers


async def _send_on_one_connection(
    port: int, make: Callable[[int], bytes], numbers: Iterator[int], until: float, answers: Answers
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_ANSWER_BYTES)
    try:
        while time.monotonic() < until:
            writer.write(make(next(numbers)))
            answer, is_last = await _read(reader)
            answers[answer] += 1
            if is_last:
                return
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[str, bool]:
    """An answer, and whether it is the last one."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return CLOSED, True
    return _in_words(head, body), headers.get("connection") == "close"


def _in_words(head: str, body: bytes) -> str:
    status, reason = head[9:12], ""
    with suppress(ValueError, TypeError):
        reason = json.loads(body).get("reason", "")
    return f"{status} {reason}".strip()
