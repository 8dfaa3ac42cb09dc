"""Reads the headers of a request: from the lines that came in to one value for each name."""

from collections.abc import Mapping, Sequence

from gateway.sources.base import Refused

MAX_LINES = 100
"""Three times as many as a browser sends through two proxies."""

MAX_NAME_BYTES = 256
"""Of one name."""

MAX_BYTES = 65_536
"""Of all values together."""

_COMMON = (
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "dnt",
    "forwarded",
    "host",
    "origin",
    "pragma",
    "priority",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-storage-access",
    "sec-gpc",
    "traceparent",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
)
_common = {name.encode(): name for name in _COMMON}.get
"""Looking up a name takes half as long as decoding it. The gain pays for the limits below."""


def header_bytes(headers: Mapping[str, str]) -> int:
    """The size of the values of `headers`, as `read_headers` returns them."""
    return len("".join(headers.values()))


def read_headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The value of each header by its name.

    lines: names, in lower case, and values, as ASGI has them. The values of one name are joined in
    their order: by ``"; "`` for cookies (RFC 9113, 8.2.3), by ``", "`` for all others (RFC 9110,
    5.3). Raises `Refused` (431; RFC 6585, 5) for more than `MAX_LINES`, `MAX_NAME_BYTES` or
    `MAX_BYTES`.
    """
    if len(lines) > MAX_LINES:
        raise _too_large()
    headers = {_common(name) or _name(name): value.decode("latin-1") for name, value in lines}
    if len(headers) < len(lines):
        headers = _joined(lines)
    if header_bytes(headers) > MAX_BYTES:
        raise _too_large()
    return headers


def _joined(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in lines:
        values.setdefault(_name(name), []).append(value.decode("latin-1"))
    return {name: ("; " if name == "cookie" else ", ").join(each) for name, each in values.items()}


def _name(name: bytes) -> str:
    if len(name) > MAX_NAME_BYTES:
        raise _too_large()
    return name.decode("latin-1")


def _too_large() -> Refused:
    message = (
        f"the headers are too large: send at most {MAX_LINES} lines, {MAX_NAME_BYTES} bytes in a "
        f"name and {MAX_BYTES} bytes in all values"
    )
    return Refused(431, "headers_too_large", message)
