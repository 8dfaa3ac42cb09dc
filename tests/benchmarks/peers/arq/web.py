"""For uvicorn, with the environment variables SOCKET, of a Redis or Valkey server, and NAMES, with
commas between them.

POST /collect with the JSON of one event: 204 once a job of each name is in ARQ's queue, which is as
durable as the server makes it. GET /accepted says how many events were answered with 204.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

NAMES = os.environ["NAMES"].split(",")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.accepted = 0
    app.state.queue = await create_pool(RedisSettings(unix_socket_path=os.environ["SOCKET"]))
    yield
    await app.state.queue.aclose()


async def collect(request: Request) -> Response:
    state = request.app.state
    try:
        event = await request.json()
    except ValueError:
        return Response(status_code=400)
    await asyncio.gather(*(state.queue.enqueue_job("deliver", name, event) for name in NAMES))
    state.accepted += 1
    return Response(status_code=204)


async def accepted(request: Request) -> Response:
    return PlainTextResponse(str(request.app.state.accepted))


app = Starlette(
    routes=[Route("/collect", collect, methods=["POST"]), Route("/accepted", accepted)],
    lifespan=lifespan,
)
