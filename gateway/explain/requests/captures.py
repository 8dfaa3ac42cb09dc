"""Requests as a list of JSON objects: ``method``, ``raw_target`` (the path with its query), or
``url``, ``headers`` (pairs, or an object) and ``body_text``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.explain.requests.model import Headers, RecordedRequest, UnreadableRequest


def read_captures(recorded: Sequence[dict[str, Any]]) -> list[RecordedRequest]:
    """Raises `UnreadableRequest`."""
    return [_read(number, each) for number, each in enumerate(recorded, 1)]


def _read(number: int, recorded: dict[str, Any]) -> RecordedRequest:
    method, headers = recorded["method"], _pairs(recorded.get("headers") or [])
    target = recorded.get("raw_target", recorded.get("url", recorded.get("path")))
    body = recorded.get("body_text") or ""
    texts = isinstance(method, str) and isinstance(target, str) and isinstance(body, str)
    if not texts or headers is None:
        raise UnreadableRequest(
            f"request {number}: expected `method`, `raw_target` and `body_text` as texts, and "
            "`headers` as pairs of texts"
        )
    return RecordedRequest.of(method, str(target), headers, body.encode("utf-8", "surrogatepass"))


def _pairs(headers: Any) -> Headers | None:
    """Names and values; None for anything else."""
    pairs = [*headers.items()] if isinstance(headers, dict) else headers
    if not isinstance(pairs, list):
        return None
    read: Headers = []
    for each in pairs:
        match each:
            case [str(name), str(value)] | (str(name), str(value)):
                read.append((name, value))
            case _:
                return None
    return read
