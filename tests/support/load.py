"""A small load generator: many POSTs over a few kept-alive connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence


async def post_many(
    port: int, path: str, bodies: Sequence[bytes], connections: int
) -> dict[int, int]:
    """Posts each of `bodies` as JSON once; returns how often each status came back."""
    statuses: dict[int, int] = {}
    waiting = iter(bodies)
    await asyncio.gather(
        *(_post_in_turn(port, path, waiting, statuses) for _ in range(connections))
    )
    return statuses


async def _post_in_turn(
    port: int, path: str, bodies: Iterator[bytes], statuses: dict[int, int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: text/plain\r\n"
        "user-agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0\r\n"
        "accept-language: en\r\ncontent-length: "
    ).encode()
    for body in bodies:
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        statuses[status] = statuses.get(status, 0) + 1
        if b"content-length: 0" not in answer and status not in (204, 304):
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()
