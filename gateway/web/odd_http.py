"""Finds faults in heads of requests that uvicorn would accept, and answers such requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from gateway.web.headers import MAX_LINES

Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case, and values."""


class RefusedHead(NamedTuple):
    """Why a head is refused. reason: the label of the metric. answer: the whole HTTP response. The
    connection ends after it."""

    reason: str
    answer: bytes


def refused_head(status: str, reason: str, message: str) -> RefusedHead:
    """status: code and words, such as ``400 Bad Request``. message: for the sender."""
    body = orjson.dumps({"error": message, "reason": reason})
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return RefusedHead(reason, head.encode() + body)


TOO_MANY_LINES = refused_head(
    "431 Request Header Fields Too Large",
    "headers_too_large",
    f"the headers have more than {MAX_LINES} lines",
)
"""A line of a few bytes takes more than a hundred once it is parsed."""

VERSION = refused_head(
    "505 HTTP Version Not Supported",
    "http_version",
    "this version of HTTP is not supported; use HTTP/1.1",
)
HOST = refused_head("400 Bad Request", "host", "send exactly one Host header")
CODING = refused_head(
    "501 Not Implemented",
    "transfer_encoding",
    "the only supported Transfer-Encoding is `chunked`; to compress a body, use "
    "Content-Encoding: gzip",
)


def fault_of(version: str, headers: Headers) -> RefusedHead | None:
    """Why the head of a request is refused, if it is.

    version: ``1.1`` and the like. Sources: RFC 9112, 3.2 (exactly one Host; HTTP/1.0 may have
    none) and 6.1 (a transfer coding that is not understood is answered 501); RFC 9110, 15.6.6
    (505).
    """
    if len(headers) > MAX_LINES:
        return TOO_MANY_LINES
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if b"transfer-encoding" in names and not _is_only_chunked(headers):
        return CODING
    if version != "1.1" and version != "1.0":
        return VERSION
    if hosts != 1 and not (hosts == 0 and version == "1.0"):
        return HOST
    return None


def _is_only_chunked(headers: Headers) -> bool:
    return all(
        value.strip().lower() == b"chunked"
        for name, value in headers
        if name == b"transfer-encoding"
    )


def without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """The head of a request without its `Upgrade` headers.

    A server may ignore them and keep the protocol in use. Source: RFC 9110, 7.8.
    """
    lines = [b"%b %b HTTP/%b" % (method, url, version.encode())]
    lines += [b"%b: %b" % pair for pair in headers if pair[0] != b"upgrade"]
    return b"\r\n".join(lines) + b"\r\n\r\n"
