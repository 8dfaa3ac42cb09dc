"""The pages of access control, and messages in place of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway.console.rendering import render
from gateway.redis_client.connect import RedisError

NO_STORE = {"cache-control": "no-store"}

NO_REDIS = (
    "Redis does not answer, so the console cannot know who you are. Events are still accepted; try "
    "again in a moment."
)

View = Callable[[Request], Awaitable[Response]]


def page(
    template: str,
    request: Request,
    data: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] = NO_STORE,
) -> Response:
    return HTMLResponse(render(template, request, data), status, {**NO_STORE, **headers})


def words_answer(
    request: Request, status: int, words: str, headers: Mapping[str, str] = NO_STORE
) -> Response:
    """`words` as a page, or as JSON if the request did not ask for a page."""
    if not wants_page(request):
        return JSONResponse({"error": words}, status, {**NO_STORE, **headers})
    return page("told.html", request, {"title": "Not done", "words": words}, status, headers)


def wants_page(request: Request) -> bool:
    """Whether the answer is shown as a page of its own: not for JSON, scripts and live pages."""
    if request.url.path.endswith(".json") or "hx-request" in request.headers:
        return False
    return "text/html" in request.headers.get("accept", "")


def needs_redis(view: View) -> View:
    """`view`, with the answer 503 when Redis does not answer: then nobody gets in."""

    async def told(request: Request) -> Response:
        try:
            return await view(request)
        except RedisError:
            return words_answer(request, 503, NO_REDIS, {"retry-after": "2"})

    return told
