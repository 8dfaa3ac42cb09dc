"""The list of stored events: their groups, and the newest of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from destinations.masking import MASK
from gateway.console.access.operator import is_operator
from gateway.console.context import Console
from gateway.console.personal import QUOTES_PERSON, shown_parts
from gateway.console.stored.area import Area, reason_for_all, unnoted
from gateway.console.stored.selected import Selected, read_selected
from gateway.console.trouble import Trouble, as_sentence
from gateway.event.reasons import short
from gateway.operations.newest import look_at_newest
from gateway.operations.stopped import Stopped

LOOK_AT = 2_000
KEEP = 50
MAX_GROUPS = 40

_VARIES = re.compile(rf"[#…]|{re.escape(MASK)}")


@dataclass(frozen=True, slots=True)
class Group:
    """values: one for each of the area's columns. url: of the list of its events alone."""

    values: tuple[str, ...]
    reason: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """at: Unix seconds at which it was stored. url: of its page."""

    at: float
    values: tuple[str, ...]
    event_id: str
    reason: str
    url: str


async def list_stored(console: Console, request: Request, area: Area[Any]) -> dict[str, Any]:
    selected = read_selected(request.query_params)
    shown: dict[str, Any] = {"groups": [], "others": 0, "rows": [], "stored": 0, "is_cut": False}
    if not selected.mistakes:
        shown = await _look(console, area, selected, is_operator(request))
    return {
        "area": {"path": area.path, "what": area.what, "columns": area.columns},
        "filters": selected.given,
        "destinations": selected.destinations,
        "is_narrow": selected.is_narrow,
        "mistakes": selected.mistakes,
        "looked_at": LOOK_AT,
        **shown,
        "choices": [*console.settings.destinations],
        "is_operator": is_operator(request),
        "works": [each for each in console.background.all() if each.back == area.path][:3],
        "links": {
            "json": selected.url(f"{area.path}.json"),
            "send": selected.url(f"{area.path}/send"),
            "drop": selected.url(f"{area.path}/drop"),
        },
    }


async def _look(
    console: Console, area: Area[Any], selected: Selected, tells_all: bool
) -> dict[str, Any]:
    """tells_all: whether the answer may reveal that a hidden reason has the searched part."""
    wanted = "" if tells_all else (selected.wanted.reason or "")
    try:
        chosen = await area.select(console, console.redis, selected, unnoted)
        found = await look_at_newest(chosen, LOOK_AT, KEEP)
    except Stopped as stopped:
        raise Trouble(404, as_sentence(str(stopped))) from None
    groups = [
        each for each in found.kinds.most_common() if not wanted or _tells(each[0][-1], wanted)
    ]
    return {
        "groups": [_group(area, selected, kind, n) for kind, n in groups[:MAX_GROUPS]],
        "others": sum(n for _, n in groups[MAX_GROUPS:]),
        "rows": [
            Row(
                stored.stored_at,
                area.kind(store, stored),
                stored.event_id,
                reason_for_all(store, stored, short),
                area.url(store, stored),
            )
            for store, stored in found.events
            if not wanted or _tells(reason_for_all(store, stored, str), wanted)
        ],
        "stored": found.stored,
        "is_cut": found.is_cut,
    }


def _tells(reason: str, wanted: str) -> bool:
    """Whether `reason`, as everybody may see it, has the part `wanted`, or hides nothing. A reason
    that was cut hides its end."""
    parts = shown_parts(reason)
    hides = len(parts) > 1 or reason.endswith("…")
    return not hides or any(wanted.casefold() in part.casefold() for part in parts)


def _group(area: Area[Any], selected: Selected, kind: tuple[str, ...], count: int) -> Group:
    *values, reason = kind
    known = {} if reason == QUOTES_PERSON else {"reason": _longest_part(reason)}
    return Group(
        tuple(values), reason, count, selected.url(area.path, **area.filter(values), **known)
    )


def _longest_part(reason: str) -> str:
    """The longest part of a group's `reason` that the stored reasons of its events have too."""
    parts = [part for shown in shown_parts(reason) for part in _VARIES.split(shown)]
    return max(parts, key=len).strip()
