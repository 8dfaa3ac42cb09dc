"""The application of the console, without access control (`gateway.console.access`)."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.console.context import Console
from gateway.console.page import json_response
from gateway.console.rendering import STATIC, render
from gateway.console.site import NAVIGATION, PAGES, ROUTES
from gateway.console.trouble import Trouble
from gateway.ledger.errors import LedgerError
from gateway.redis_client.connect import RedisError

WORDS = {
    404: "There is no such page.",
    405: "This page cannot be asked in this way.",
}


def console_app(console: Console) -> Starlette:
    """Answers everybody who reaches it. Pages are not compressed: they contain the CSRF token next
    to text from the request, and the length of a compressed page would leak the token (BREACH,
    https://www.breachattack.com/)."""
    pages = [route for page in PAGES for route in page.routes(console)]
    others = [route for routes in ROUTES for route in routes(console)]
    app = Starlette(
        routes=[
            *(*others, *pages),
            Mount("/static", GZipMiddleware(_StaticFiles(directory=STATIC))),
        ],
        exception_handlers={
            Trouble: _trouble,
            HTTPException: _refused,
            LedgerError: _failed,
            sqlite3.Error: _failed,
            DBAPIError: _failed,
            RedisError: _failed,
            Exception: _unexpected,
        },
    )
    app.state.navigation = NAVIGATION
    return app


class _StaticFiles(StaticFiles):
    """Static files. Their URLs change with their content, so browsers may cache them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"]:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, Trouble)
    answer = _told(request, error.status, error.words)
    if error.retry_after is not None:
        answer.headers["retry-after"] = str(error.retry_after)
    return answer


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _told(request, error.status_code, WORDS.get(error.status_code, error.detail))


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, LedgerError):
        return _told(request, 503, f"{error}.")
    what = "Redis does not answer" if isinstance(error, RedisError) else "The ledger cannot be read"
    words = f"{what}: {type(error).__name__}. Events are still accepted; try again in a moment."
    return _told(request, 503, words)


def _unexpected(request: Request, error: Exception) -> Response:
    """Starlette raises `error` again, and the server logs it."""
    words = "The console made a mistake. The log of `gateway run` has the details."
    return _told(request, 500, words)


def _told(request: Request, status: int, words: str) -> Response:
    if request.url.path.endswith(".json"):
        return json_response({"error": words}, status)
    content = render("trouble.html", request, {"title": "Not shown", "words": words})
    return HTMLResponse(content, status)
