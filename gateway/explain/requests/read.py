"""Tells the formats of recorded requests apart."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.explain.requests.captures import read_captures
from gateway.explain.requests.curl import read_curl
from gateway.explain.requests.har import read_har
from gateway.explain.requests.model import MAX_REQUESTS, RecordedRequest, UnreadableRequest

MAX_BYTES = 200_000_000

_FORMATS = (
    "give a HAR file of a browser's developer tools, a command that `Copy as cURL (bash)` has "
    "copied, or a JSON list of requests with `method`, `raw_target`, `headers` and `body_text`"
)


def read_requests(data: bytes) -> list[RecordedRequest]:
    """The requests in a file, in order, at least one.

    Raises `UnreadableRequest` when there is none, when there are too many, and when one cannot be
    read.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableRequest(f"the file has more than {MAX_BYTES} bytes; record fewer requests")
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    requests = _read_json(text) if text[:1] in (b"{", b"[") else read_curl(text)
    if not requests:
        raise UnreadableRequest(f"the file has no request; {_FORMATS}")
    if len(requests) > MAX_REQUESTS:
        raise UnreadableRequest(f"the file has more than {MAX_REQUESTS} requests; record fewer")
    return requests


def _read_json(text: bytes) -> list[RecordedRequest]:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UnreadableRequest(f"the file is no valid JSON; {_FORMATS}") from None
    if isinstance(value, dict) and "event_name" in value:
        raise UnreadableRequest("the file has an event, not a request: leave out --request")
    if isinstance(value, dict) and "log" in value:
        return read_har(value["log"])
    recorded = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) and "method" in each for each in recorded):
        raise UnreadableRequest(f"the file has no recorded requests; {_FORMATS}")
    return read_captures(recorded)
