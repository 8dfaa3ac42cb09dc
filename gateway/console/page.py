"""A page of the console: one view, shown as HTML and as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.console.context import Console
from gateway.console.rendering import render

View = Callable[[Console, Request], Awaitable[Mapping[str, Any]]]
"""Returns plain data that `orjson` can write, dataclasses included."""


@dataclass(frozen=True, slots=True)
class Page:
    """path: such as ``/events/{receipt}``; its JSON is at the same path with ``.json``. template:
    in `gateway/console/templates`. title: also of its entry in the navigation; ``""`` for none."""

    path: str
    template: str
    title: str
    view: View

    def routes(self, console: Console) -> list[Route]:
        async def html(request: Request) -> Response:
            data = await self.view(console, request)
            return HTMLResponse(render(self.template, request, {"title": self.title, **data}))

        async def json(request: Request) -> Response:
            return json_response(await self.view(console, request))

        beside = f"{self.path if self.path != '/' else '/overview'}.json"
        return [Route(beside, json), Route(self.path, html)]


def json_response(data: Any, status: int = 200) -> Response:
    content = orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str)
    return Response(content, status, media_type="application/json")
