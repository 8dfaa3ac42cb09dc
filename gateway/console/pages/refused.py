"""Refused requests and events of the last 24 hours: a sample, what each looked like, and what to
do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request

from gateway.console.context import Console
from gateway.console.rendering import link
from gateway.explain.refused_hints import hint_for
from gateway.explain.refused_words import request_in_words
from gateway.queue.keys import Keys
from gateway.queue.refused import RefusedEvent, read_refused
from gateway.queue.refused_requests import (
    SampledRequest,
    read_refused_requests,
    useful_first,
)
from gateway.sources.recognition import UNKNOWN, title_of

PATH = "/refused"
KEEP = 100


@dataclass(slots=True)
class _Group:
    """Requests that were refused for one reason at one place. times: a lower bound, since only some
    requests of a flood are counted. last: Unix seconds."""

    reason: str
    place: str
    kinds: int = 0
    times: int = 0
    last: float = 0.0


async def view(console: Console, request: Request) -> dict[str, Any]:
    keys = Keys.of(console.settings)
    now = float((await console.redis.time())[0])
    every = useful_first(await read_refused_requests(console.redis, keys, now))
    asked = {name: request.query_params.get(name, "") for name in ("reason", "place")}
    requests = [each for each in every if _is_meant(_kind(each), asked)]
    events = await read_refused(console.redis, keys)
    sources = console.settings.sources
    return {
        "groups": [
            {**asdict(each), "url": link(PATH, reason=each.reason, place=each.place)}
            for each in _grouped(every)
        ],
        "filters": {name: text for name, text in asked.items() if text},
        "requests": [
            {
                "last": each.last,
                "first": each.first,
                "times": each.count,
                "place": _kind(each)["place"],
                "reason": each.request.reason,
                "message": each.request.message,
                "request": request_in_words(each.request),
                "hint": hint_for(each.request, sources),
            }
            for each in requests[:KEEP]
        ],
        "left_out": max(0, len(requests) - KEEP),
        "events": [asdict(each) for each in events if _is_meant(_of_event(each), asked)],
    }


def _grouped(requests: Sequence[SampledRequest]) -> list[_Group]:
    """The most frequent first."""
    groups: dict[tuple[str, str], _Group] = defaultdict(lambda: _Group("", ""))
    for each in requests:
        kind = _kind(each)
        group = groups[kind["reason"], kind["place"]]
        group.reason, group.place = kind["reason"], kind["place"]
        group.kinds += 1
        group.times += each.count
        group.last = max(group.last, each.last)
    return sorted(groups.values(), key=lambda group: -group.times)


def _kind(sampled: SampledRequest) -> dict[str, str]:
    request = sampled.request
    return {"reason": request.reason, "place": request.source or _no_source(request.looks_like)}


def _of_event(event: RefusedEvent) -> dict[str, str]:
    return {"reason": event.reason, "place": event.source}


def _no_source(looks_like: str) -> str:
    known = "no known protocol" if looks_like == UNKNOWN else title_of(looks_like)
    return f"no source (looks like {known})"


def _is_meant(kind: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    return all(not text or kind[name] == text for name, text in asked.items())
