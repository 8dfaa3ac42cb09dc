"""A recorded request, whatever recorded it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

MAX_REQUESTS = 10_000

_GZIP_MAGIC = b"\x1f\x8b"
_ASCII = "".join(map(chr, range(33, 127)))

_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding"})
"""Headers that may not fit the body as it was recorded."""

Headers = list[tuple[str, str]]


class UnreadableRequest(ValueError):
    """A file that holds no recorded request, or one that cannot be read. Its text says why and
    what to do, and repeats no value of the file."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """path, query: as they were sent, percent-encoded. headers: names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def of(
        cls, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> RecordedRequest:
        """A request to `url`, which is absolute or a path with its query.

        A body that was recorded after it was inflated has no ``Content-Encoding``. Raises
        `UnreadableRequest`.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise UnreadableRequest("the URL of a request cannot be read") from None
        lines = [
            (name.lower(), value)
            for name, value in headers
            if name and not name.startswith(":") and name.lower() not in _OF_THE_CONNECTION
        ]
        if not body.startswith(_GZIP_MAGIC):
            lines = [each for each in lines if each != ("content-encoding", "gzip")]
        if parts.netloc and not any(name == "host" for name, _ in lines):
            lines.append(("host", parts.netloc.rpartition("@")[2]))
        return cls(method.upper(), _ascii(parts.path) or "/", _ascii(parts.query), lines, body)


def _ascii(text: str) -> str:
    """`text` of a URL, with characters percent-encoded that clients never send as they are."""
    return quote(text, safe=_ASCII, errors="replace")
