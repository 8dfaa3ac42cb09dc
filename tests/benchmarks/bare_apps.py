"""Applications that do nothing, for comparison: an ASGI application, and a route of Starlette."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _collect(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


starlette = Starlette(routes=[Route("/collect", _collect, methods=["POST"])])
