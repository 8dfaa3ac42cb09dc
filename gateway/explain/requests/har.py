"""Requests in a HAR file, as browsers' developer tools export it.

Source: HTTP Archive 1.2, w3c.github.io/web-performance/specs/HAR/Overview.html
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import urlencode

from gateway.explain.requests.model import (
    MAX_REQUESTS,
    Headers,
    RecordedRequest,
    UnreadableRequest,
)


def read_har(log: Any) -> list[RecordedRequest]:
    """The requests in `log`, the member of this name in a HAR file. Raises `UnreadableRequest`."""
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise UnreadableRequest("the HAR file has no list `log.entries`; export it again")
    return [_read(number, each) for number, each in enumerate(entries[: MAX_REQUESTS + 1], 1)]


def _read(number: int, entry: Any) -> RecordedRequest:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise UnreadableRequest(f"entry {number} of the HAR file has no `request`")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        raise UnreadableRequest(f"entry {number} of the HAR file has no `method` and `url`")
    body = request.get("postData")
    content = _body(body) if isinstance(body, dict) else b""
    return RecordedRequest.of(method, url, _headers(request.get("headers"), body), content)


def _headers(listed: Any, body: Any) -> Headers:
    """The headers of the request. Some browsers state the content type only in ``postData``."""
    headers = _pairs(listed)
    media_type = body.get("mimeType") if isinstance(body, dict) else None
    names = {name.lower() for name, _ in headers}
    if "content-type" not in names and isinstance(media_type, str) and media_type:
        headers.append(("content-type", media_type))
    return headers


def _body(body: dict[str, Any]) -> bytes:
    text = body.get("text")
    if isinstance(text, str) and text:
        if body.get("encoding") == "base64":
            try:
                return b64decode(text)
            except ValueError:
                raise UnreadableRequest("the body of a request is no valid base64") from None
        return text.encode("utf-8", "surrogatepass")
    return urlencode(_pairs(body.get("params"))).encode()


def _pairs(listed: Any) -> Headers:
    """Names and values of the objects in a list; anything else is left out."""
    return [
        (each["name"], each["value"])
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict)
        and isinstance(each.get("name"), str)
        and isinstance(each.get("value"), str)
    ]
