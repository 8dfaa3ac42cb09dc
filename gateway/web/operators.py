"""The application at the operators' address: `/healthz`, `/readyz` with reasons, `/metrics`, and
the OpenAPI documents."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.configuration.settings import Settings
from gateway.monitoring.api_versions import version_ends
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.metrics import limits_of, render
from gateway.monitoring.numbers import read_numbers
from gateway.queue.bounds import Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError
from gateway.spool.appender import SpoolingAppender
from gateway.web.openapi import operators_document, public_document
from gateway.web.operator_access import OperatorAccess
from gateway.web.readiness import Readiness
from gateway.web.security_headers import SecurityHeaders


def operators_app(
    settings: Settings,
    redis: Redis,
    readiness: Readiness,
    spool: SpoolingAppender | None,
    is_rejected: Callable[[], bool],
) -> ASGIApp:
    """Answers those whom `OperatorAccess` lets through. It has no lifespan of its own."""
    keys = Keys.of(settings)
    loaded = time.time()

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        spooled = {} if spool is None else {"spooled": spool.numbers.events}
        if reason := await readiness.fault():
            content = {"ready": False, "reason": reason, **spooled}
            return JSONResponse(content, 503, {"retry-after": "2"})
        return JSONResponse({"ready": True, **spooled})

    async def metrics(_: Request) -> Response:
        numbers, bounds = None, []
        try:
            numbers = await read_numbers(redis, keys, settings.destinations)
            bounds = await read_bounds(redis, keys, Limits.of(settings))
        except RedisError as error:
            if spool is None:
                return PlainTextResponse(f"Redis: {type(error).__name__}\n", 503)
        text = render(
            numbers,
            list(settings.sources),
            limits_of(settings),
            bounds,
            spool=spool.numbers if spool else None,
            configuration=ConfigurationState(settings.version, loaded, is_rejected()),
            version_ends=version_ends(settings),
        )
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def openapi(_: Request) -> Response:
        return JSONResponse(public_document(settings))

    async def openapi_operators(_: Request) -> Response:
        return JSONResponse(operators_document(settings))

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
        Route("/openapi-operators.json", openapi_operators),
    ]
    token = settings.server.operators_token
    access = OperatorAccess(Starlette(routes=routes), token.get_secret_value() if token else None)
    return SecurityHeaders(access)
