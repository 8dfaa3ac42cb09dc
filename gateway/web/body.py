"""Reading a request's body, within limits of size and time."""

import asyncio
import zlib
from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from gateway.sources.base import Refused
from gateway.web.deadlines import TOO_SLOW, Deadlines

BODY_SECONDS = 10
"""For the whole body. uvicorn itself waits for a slow sender for ever."""

MAX_RATIO = 100
"""A gzip body may inflate to this many times its size. JSON that repeats itself reaches 30; deflate
can reach 1,032."""

ALWAYS_INFLATED = 65_536
"""Bytes that a body may inflate to at any ratio."""

_SLOW = (
    f"the body took longer than {BODY_SECONDS} s; send a smaller one, or use a faster connection"
)
_GZIP = 31  # zlib's window size plus 16: expect a gzip header
_GZIP_MAGIC = b"\x1f\x8b"


async def read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, deadlines: Deadlines
) -> bytes:
    """The body, inflated if it came as gzip (some senders do not say so).

    deadlines: of `BODY_SECONDS`, for all bodies of a source.

    Raises `Refused` when it is larger than `limit` bytes, sent or inflated, when it inflates to
    more than `MAX_RATIO` times its size, when it takes too long, and for an encoding other than
    gzip; `ClientDisconnect` when the sender goes away.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise Refused(415, "unsupported_encoding", "Content-Encoding must be gzip or identity")
    length = headers.get("content-length", "")
    if length.isdecimal() and float(length) > limit:  # an int of thousands of digits is an error
        raise _too_large(limit)
    body = await _receive(receive, limit, deadlines)
    if encoding == "gzip" or body.startswith(_GZIP_MAGIC):
        return _inflate(body, limit)
    return body


async def _receive(receive: Receive, limit: int, deadlines: Deadlines) -> bytes:
    task = asyncio.current_task()
    assert task is not None
    deadlines.add(task)
    chunks, size, is_more = [], 0, True
    try:
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                raise _too_large(limit)
            is_more = message.get("more_body", False)
    except asyncio.CancelledError as cancelled:
        if cancelled.args != (TOO_SLOW,):
            raise
        task.uncancel()
        raise Refused(408, "too_slow", _SLOW) from None
    finally:
        deadlines.remove(task)
    return b"".join(chunks)


def _inflate(body: bytes, limit: int) -> bytes:
    most = min(limit, max(ALWAYS_INFLATED, MAX_RATIO * len(body)))
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, most + 1)
    except zlib.error:
        raise Refused(400, "malformed", "the body is not gzip") from None
    if len(inflated) > most:
        raise _too_large(limit) if most == limit else _inflates_too_much()
    if not inflater.eof:
        raise Refused(400, "malformed", "the gzip body is incomplete")
    if inflater.unused_data:
        raise Refused(400, "malformed", "the gzip body is followed by other data")
    return inflated


def _inflates_too_much() -> Refused:
    return Refused(
        413,
        "inflates_too_much",
        f"the gzip body inflates to more than {MAX_RATIO} times its size: send fewer events in one "
        "request, or send it without gzip",
    )


def _too_large(limit: int) -> Refused:
    return Refused(413, "too_large", f"the body is larger than {limit} bytes")
