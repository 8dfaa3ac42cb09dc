"""The quarantine: events that did not match their schema, what a release would do, and the
release."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.console.background import Work
from gateway.console.context import Console
from gateway.console.form import read_form
from gateway.console.stored import survey
from gateway.console.stored.area import QUARANTINE as AREA
from gateway.console.stored.area import select_in_quarantine, unnoted
from gateway.console.stored.listing import list_stored
from gateway.console.stored.sheet import show_one
from gateway.console.stored.survey import Plan
from gateway.operations.quarantine_release import (
    FATES,
    Preview,
    release_quarantined,
    survey_release,
)

ANYWAY = "anyway"


async def view(console: Console, request: Request) -> dict[str, Any]:
    return await list_stored(console, request, AREA)


async def view_one(console: Console, request: Request) -> dict[str, Any]:
    return await show_one(console, request, AREA)


async def view_drop(console: Console, request: Request) -> dict[str, Any]:
    return await survey.plan_drop(console, request, AREA)


async def view_send(console: Console, request: Request) -> dict[str, Any]:
    selected = survey.read_for_work(request, request.query_params)
    anyway = ANYWAY in request.query_params

    async def look(redis: Redis) -> Preview:
        chosen = await select_in_quarantine(console, redis, selected, unnoted)
        return await survey_release(chosen, anyway)

    found = await console.survey(look)
    names = console.settings.destinations if found.total else ()
    fates: dict[str, dict[str, int]] = {
        name: {fate: found.fates[name, fate] for fate in FATES} for name in names
    }
    plan = Plan(found.survey.kinds, found.total, found.notes, found.misfits, fates)
    return {**survey.plan_page(request, AREA, selected, plan), "options": {ANYWAY: anyway}}


def routes(console: Console) -> list[BaseRoute]:
    async def send(request: Request) -> Response:
        form = await read_form(request)
        selected = survey.read_for_work(request, form)
        rate, anyway = survey.read_rate(form), ANYWAY in form

        async def do(redis: Redis, work: Work) -> None:
            arguments = selected.arguments() | {"rate": rate, ANYWAY: anyway}
            action = survey.action_in(console, work, f"{AREA.command} release", arguments)
            chosen = await select_in_quarantine(console, redis, selected, action.note_events)
            preview = await survey_release(chosen, anyway)
            work.total = preview.total
            work.notes += preview.notes
            await release_quarantined(chosen, preview, rate, work.advance)

        return survey.begin(console, request, AREA, selected, "Release", "Released", do)

    async def drop(request: Request) -> Response:
        return await survey.drop(console, request, AREA)

    return [
        Route(f"{AREA.path}/send", send, methods=["POST"]),
        Route(f"{AREA.path}/drop", drop, methods=["POST"]),
    ]
