"""Work that an operator has started: how far it is, or how it ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.console.context import Console
from gateway.console.rendering import render
from gateway.console.trouble import Trouble

UNKNOWN = (
    "The console has been started again since, and does not know this work any more. It ended with "
    "the console at the latest; the page Actions says to how many events something was done."
)


async def view(console: Console, request: Request) -> dict[str, Any]:
    work = console.background.find(request.path_params["id"])
    if work is None:
        raise Trouble(404, UNKNOWN)
    known = asdict(work)
    del known["places"]
    return {**known, "title": work.title, "gone": work.tried - work.succeeded}


def routes(console: Console) -> list[BaseRoute]:
    async def part(request: Request) -> Response:
        """For an open page: how far the work is. When it has ended, the page is loaded again."""
        data = await view(console, request)
        headers = {"hx-refresh": "true"} if data["ended"] else None
        return HTMLResponse(render("work_part.html", request, data), headers=headers)

    return [Route("/work/{id}/part", part)]
