"""Dead letters: groups by reason, the newest, what a replay would do, and the replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.console.background import Work
from gateway.console.context import Console
from gateway.console.form import read_form
from gateway.console.stored import survey
from gateway.console.stored.area import DEAD_LETTERS as AREA
from gateway.console.stored.area import select_dead_letters, unnoted
from gateway.console.stored.listing import list_stored
from gateway.console.stored.sheet import show_one
from gateway.console.stored.survey import Plan
from gateway.operations.dead_letter_replay import ReplaySurvey, replay_dead_letters, survey_replay

OPTIONS = ("include_expired", "apply_rules")


async def view(console: Console, request: Request) -> dict[str, Any]:
    return await list_stored(console, request, AREA)


async def view_one(console: Console, request: Request) -> dict[str, Any]:
    return await show_one(console, request, AREA)


async def view_drop(console: Console, request: Request) -> dict[str, Any]:
    return await survey.plan_drop(console, request, AREA)


async def view_send(console: Console, request: Request) -> dict[str, Any]:
    selected = survey.read_for_work(request, request.query_params)
    options = {name: name in request.query_params for name in OPTIONS}

    async def look(redis: Redis) -> ReplaySurvey:
        chosen = await select_dead_letters(console, redis, selected, unnoted)
        return await survey_replay(chosen, options["include_expired"], options["apply_rules"])

    found = await console.survey(look)
    notes = [*found.found.notices, *_overdue(found), *found.notes]
    plan = Plan(found.found.kinds, found.total, notes)
    return {**survey.plan_page(request, AREA, selected, plan), "options": options}


def routes(console: Console) -> list[BaseRoute]:
    async def send(request: Request) -> Response:
        form = await read_form(request)
        selected = survey.read_for_work(request, form)
        rate = survey.read_rate(form)
        options = {name: name in form for name in OPTIONS}

        async def do(redis: Redis, work: Work) -> None:
            arguments = selected.arguments() | options | {"rate": rate}
            action = survey.action_in(console, work, f"{AREA.command} replay", arguments)
            chosen = await select_dead_letters(console, redis, selected, action.note_events)
            found = await survey_replay(chosen, options["include_expired"], options["apply_rules"])
            work.total = found.total
            work.notes += found.notes
            await replay_dead_letters(chosen, found, rate, work.advance)

        return survey.begin(console, request, AREA, selected, "Replay", "Replayed", do)

    async def drop(request: Request) -> Response:
        return await survey.drop(console, request, AREA)

    return [
        Route(f"{AREA.path}/send", send, methods=["POST"]),
        Route(f"{AREA.path}/drop", drop, methods=["POST"]),
    ]


def _overdue(found: ReplaySurvey) -> Iterator[str]:
    if found.overdue and found.include_overdue:
        yield f"Events past their deadline: {found.overdue}. They will expire again."
    elif found.overdue:
        yield (
            f"Events past their deadline: {found.overdue}. They are skipped, because they would "
            "expire again."
        )
