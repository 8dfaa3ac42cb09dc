"""Shows what work on several stored events would do, and starts it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.access.operator import require_operator, user_of
from gateway.console.background import Do, Work
from gateway.console.context import Console
from gateway.console.form import read_form
from gateway.console.stored.area import Area, unnoted
from gateway.console.stored.selected import Selected, read_selected
from gateway.console.trouble import Trouble
from gateway.operations.actions_log import Action
from gateway.operations.drop import drop_stored
from gateway.operations.survey import Survey, survey_of

RATE, MAX_RATE = 500, 100_000
MAX_KINDS = 40

Kinds = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. found: all selected events, by kind. total: how many of them would be sent
    or dropped. notes: in sentences. misfits: those that stay, by kind. fates: what becomes of the
    others at each destination, by name and fate."""

    found: Kinds
    total: int
    notes: Sequence[str] = ()
    misfits: Kinds = field(default_factory=Counter)
    fates: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def plan_page(request: Request, area: Area[Any], selected: Selected, plan: Plan) -> dict[str, Any]:
    """Data of the page that shows `plan`. Events that are stored later are not included."""
    until = selected.given.get("until") or f"{time.time():.3f}"
    return {
        "area": {"path": area.path, "title": area.title, "what": area.what},
        "columns": [*area.columns, "Reason"],
        "kinds": _most(plan.found),
        "found": plan.found.total(),
        "total": plan.total,
        "notes": plan.notes,
        "misfits": _most(plan.misfits),
        "fates": plan.fates,
        "filters": selected.given,
        "fields": [
            *(("destination", name) for name in selected.destinations),
            *(dict(selected.given) | {"until": until}).items(),
        ],
        "links": {"back": selected.url(area.path), "this": request.url.path},
    }


def read_for_work(request: Request, query: QueryParams | FormData) -> Selected:
    """Raises `Trouble` for a viewer, and for what cannot be read."""
    require_operator(request)
    selected = read_selected(query)
    if selected.mistakes:
        raise Trouble(422, " ".join(selected.mistakes))
    return selected


def read_rate(form: FormData) -> int:
    text = str(form.get("rate", RATE))
    rate = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= rate <= MAX_RATE:
        raise Trouble(422, f"The pace must be a number from 1 to {MAX_RATE} events a second.")
    return rate


async def plan_drop(console: Console, request: Request, area: Area[Any]) -> dict[str, Any]:
    selected = read_for_work(request, request.query_params)

    async def survey(redis: Redis) -> Survey[Any]:
        return await survey_of(await area.select(console, redis, selected, unnoted))

    found = await console.survey(survey)
    plan = Plan(found.kinds, found.total, found.notices)
    return plan_page(request, area, selected, plan)


async def drop(console: Console, request: Request, area: Area[Any]) -> Response:
    form = await read_form(request)
    selected = read_for_work(request, form)

    async def do(redis: Redis, work: Work) -> None:
        note = action_in(console, work, f"{area.command} drop", selected.arguments()).note_events
        chosen = await area.select(console, redis, selected, note)
        found = await survey_of(chosen)
        work.total = found.total
        await drop_stored(chosen, found, work.advance)

    return begin(console, request, area, selected, "Drop", "Dropped", do)


def begin(
    console: Console,
    request: Request,
    area: Area[Any],
    selected: Selected,
    title: str,
    verb: str,
    do: Do,
) -> Response:
    """Starts the work and redirects to its page. A destination has one work at a time."""
    places = selected.destinations or [*console.settings.destinations, ""]
    work = Work(
        f"{title} {area.what}",
        verb,
        area.others,
        frozenset(f"{area.path} {name}" for name in places),
        user_of(request),
        area.path,
    )
    console.background.start(console.redis_url, work, do)
    return RedirectResponse(f"/work/{work.id}", 303)


def action_in(console: Console, work: Work, command: str, arguments: Mapping[str, Any]) -> Action:
    """The action of `work`, whose page says so when the log cannot be written."""
    return Action(console.settings, work.user, command, arguments, work.notes.append)


def _most(kinds: Kinds) -> list[tuple[tuple[str, ...], int]]:
    """The most frequent ones, then all others together as one."""
    frequent = kinds.most_common()
    if others := frequent[MAX_KINDS:]:
        width = len(frequent[0][0])
        words = (f"{len(others)} other groups", *[""] * (width - 1))
        return [*frequent[:MAX_KINDS], (words, sum(count for _, count in others))]
    return frequent
