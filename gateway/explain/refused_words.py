"""Refused requests and events as data, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gateway.explain.refused_hints import Sources, hint_for
from gateway.queue.refused import RefusedEvent
from gateway.queue.refused_requests import RefusedRequest, SampledRequest


def as_rows(
    requests: Sequence[SampledRequest], events: Sequence[RefusedEvent], sources: Sources
) -> list[dict[str, Any]]:
    """Rows for requests, then for events. at: when each was last seen, in Unix seconds."""
    return [
        *(
            {
                "kind": "request",
                "at": each.last,
                "first_at": each.first,
                "count": each.count,
                **asdict(each.request),
                "hint": hint_for(each.request, sources),
            }
            for each in requests
        ),
        *({"kind": "event", **asdict(each)} for each in events),
    ]


def request_in_words(request: RefusedRequest) -> str:
    """The request in one line: method, path, and what is known of its sender."""
    query = f"?{'&'.join(request.parameters)}" if request.parameters else ""
    parts = [f"{request.method} {request.path}{query}"]
    if request.asked_method:
        parts.append(f"before a {request.asked_method}")
    parts += filter(None, [request.content_type, request.origin and f"from {request.origin}"])
    return ", ".join([*parts, *request.keys])
