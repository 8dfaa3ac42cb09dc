"""What an answer of the gateway says about each event of a request."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from gateway_client.failures import shown

MAX_RETRY_AFTER = 3600.0

_CANNOT_HELP = frozenset([400, 406, 409, 410, 411, 413, 414, 415, 417, 421, 422, 431, 451])
"""Statuses that the same request would get again. Others, such as 401 or 404, come from a setting
that is corrected sooner or later, or from a server that recovers: the events wait."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of the events of a request, by their positions in it.

    refused: why the gateway refused an event. again: those to send again. problem: why, in words.
    is_too_much: the request was refused as a whole, and smaller ones may pass. retry_after: the
    seconds for which the gateway asks.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    again: frozenset[int] = frozenset()
    problem: str = ""
    is_too_much: bool = False
    retry_after: float = 0.0


def read_answer(count: int, status: int, headers: Mapping[str, str], body: bytes) -> Reading:
    """The reading of the answer to a request of `count` events. headers: names in lower case.

    Source: docs/sources.md and the gateway's OpenAPI document.
    """
    content = _content(body)
    refused = {
        index: shown(str(reason or "no reason given"))
        for index, reason in _positions(content.get("refused"), "reason", count).items()
    }
    everything = frozenset(range(count))
    if status == 204 or (status == 200 and isinstance(content.get("accepted"), int)):
        return Reading(refused)
    if status in _CANNOT_HELP:
        if refused:
            problem = "the gateway refused other events of the request"
            return Reading(refused, everything - refused.keys(), problem)
        reason = shown(str(content.get("error") or f"the answer was {status}"))
        if count > 1:
            return Reading({}, everything, reason, is_too_much=True)
        return Reading({0: reason})
    named = frozenset(_positions(content.get("events"), "index", count)) if status >= 429 else ()
    wait = _retry_after(headers.get("retry-after", ""))
    return Reading({}, frozenset(named) or everything, _problem(status, content), retry_after=wait)


def _problem(status: int, content: Mapping[str, Any]) -> str:
    if status in (401, 403):
        return f"the gateway answers {status}: check the key and the source's settings"
    if status < 400 or status in (404, 405):
        return f"the answer is {status}, and not that of an `events` source: check the URL"
    return shown(str(content.get("error") or f"the answer was {status}"))


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _positions(listed: object, name: str, count: int) -> dict[int, object]:
    """The value of `name` by `index`, of the objects in `listed`."""
    found: dict[int, object] = {}
    for row in listed if isinstance(listed, list) else []:
        index = row.get("index") if isinstance(row, dict) else None
        if isinstance(index, int) and index in range(count):
            found[index] = row.get(name)
    return found


def _retry_after(value: str) -> float:
    """Seconds, from seconds or a date (RFC 9110, section 10.2.3); 0 for anything else."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if seconds == seconds else 0.0
