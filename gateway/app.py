"""The web application, put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gateway.application import Application
from gateway.client_ip import compile_client_ip
from gateway.delivery.wake import Alarm
from gateway.ending import end
from gateway.enrichment import Tables, open_tables
from gateway.intake import Intake
from gateway.link_route import link_routes
from gateway.metrics import limits_of, read_numbers, render
from gateway.pipeline import Decision, compile_pipeline
from gateway.plug_in_counts import count_problems
from gateway.queue.append import Appender, Remembered
from gateway.queue.connect import RedisError, connect_for_intake, connect_for_jobs
from gateway.queue.group_commit import Overloaded
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.read import ensure_group
from gateway.queue.room import RoomWatch
from gateway.queue.tally import Tally
from gateway.records import Recorder, decision_record, recent_records
from gateway.settings import Settings, build_sources
from gateway.sources.base import Source
from gateway.spool import SpoolingAppender
from gateway.spool_folder import SpoolFolder
from gateway.turn import Turn

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
CORS_HEADERS = (
    "authorization",
    "content-type",
    "x-retry-count",
    "anonymousid",
    "sentat",
    "x-write-key",
    "sp-anonymous",
)
WEB = Path(str(files("gateway") / "web"))
DEMO_HEADERS = {"content-security-policy": "default-src 'self'", "cache-control": "no-store"}


def create_app(
    settings: Settings, redis_url: str, spool_folder: SpoolFolder | None = None
) -> Application:
    """The ASGI application of one web process.

    spool_folder: where the events of browsers wait while Redis cannot take them; without one they
    are refused.
    """
    redis = connect_for_intake(redis_url)
    tally = Tally()
    wake = Alarm(connect_for_jobs(settings.redis.jobs_at(redis_url))).wake
    remembered = Remembered.of(settings)
    appender = Appender(redis, tally, wake, remembered)
    spool = SpoolingAppender(redis, tally, wake, spool_folder, remembered) if spool_folder else None
    recorder = Recorder(redis) if settings.server.demo else None
    tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    pipeline = compile_pipeline(settings, tables)
    client_ip = compile_client_ip(settings.server.trusted_proxies)
    limit = settings.server.max_body_bytes
    turn = Turn()

    def watch(decisions: list[Decision]) -> None:
        if recorder is not None and not (spool and spool.is_spooling):
            recorder.add(decision_record(decision) for decision in decisions)

    endpoints: dict[str, ASGIApp] = {}
    for name, source in build_sources(settings).items():
        keep = spool if spool is not None and source.spools else appender
        intake = Intake(name, source, pipeline, keep, tally, client_ip, limit, turn, watch)
        paths = source.settings.paths or source.paths
        endpoints |= dict.fromkeys(paths, _with_cors(source, intake))
    for path, endpoint in [*endpoints.items()]:
        endpoints.setdefault(f"{path}/", endpoint)  # whoever mistypes it would lose events silently
    routes: list[BaseRoute] = _site_routes(redis) if settings.server.demo else []
    routes += [Route("/gateway.js", _gateway_js, middleware=[Middleware(GZipMiddleware)])]
    routes += link_routes(settings)
    routes += _operator_routes(settings, redis, spool)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await tables.refresh(redis)
        upkeep = asyncio.create_task(_upkeep(settings, tables, redis, tally, appender, spool))
        if spool is not None:
            await spool.open()
        yield
        if spool is not None:
            await spool.close()
        await end(upkeep)  # before Redis is closed under it
        count_problems(tally)
        with contextlib.suppress(RedisError, Overloaded):
            await appender.flush_counts()
        await redis.aclose()

    return Application(endpoints, Starlette(routes=routes, lifespan=lifespan))


def _with_cors(source: Source[Any], intake: Intake) -> ASGIApp:
    if not source.settings.allowed_origins:
        return intake
    return CORSMiddleware(
        intake,
        allow_origins=source.settings.allowed_origins,
        allow_credentials=True,
        allow_methods=("GET", "POST", "OPTIONS"),
        allow_headers=CORS_HEADERS,
        expose_headers=("retry-after",),
        max_age=3600,
    )


async def _upkeep(
    settings: Settings,
    tables: Tables,
    redis: Redis,
    tally: Tally,
    appender: Appender,
    spool: SpoolingAppender | None,
) -> None:
    """Reads again what enrichments know from elsewhere, makes the consumer groups that Redis has
    not, shuts intake for what is full, and writes counts in times without events."""
    room = RoomWatch(redis, limits_of(settings))
    while True:
        await tables.refresh(redis)
        try:
            for name in settings.destinations:
                await ensure_group(redis, name)
            appender.full = await room.look()
            if spool is not None:
                spool.full = appender.full
            count_problems(tally)
            await appender.flush_counts()
        except (RedisError, Overloaded) as error:
            log.warning("Redis does not keep up: %s", type(error).__name__)
        await asyncio.sleep(FLUSH_SECONDS)


async def _gateway_js(_: Request) -> Response:
    return FileResponse(
        WEB / "gateway.js",
        media_type="text/javascript",
        headers={
            "cache-control": "public, max-age=3600",
            "cross-origin-resource-policy": "cross-origin",
        },
    )


def _operator_routes(
    settings: Settings, redis: Redis, spool: SpoolingAppender | None
) -> list[BaseRoute]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        spooled = {} if spool is None else {"spooled": spool.numbers.events}
        try:
            for name in settings.destinations:
                groups = await redis.xinfo_groups(DestinationKeys.of(name).stream)
                if GROUP.encode() not in (group["name"] for group in groups):
                    raise RedisError(f"no consumer group for {name}")
        except RedisError as error:
            reason = f"Redis: {type(error).__name__}"
            content = {"ready": False, "reason": reason, **spooled}
            return JSONResponse(content, 503, {"retry-after": "2"})
        return JSONResponse({"ready": True, **spooled})

    async def metrics(_: Request) -> Response:
        numbers = None
        try:
            numbers = await read_numbers(redis, settings.destinations)
        except RedisError as error:
            if spool is None:
                return PlainTextResponse(f"Redis: {type(error).__name__}\n", 503)
        text = render(
            numbers,
            list(settings.sources),
            limits_of(settings),
            spool=spool.numbers if spool else None,
        )
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def _site_routes(redis: Redis) -> list[BaseRoute]:
    async def page(_: Request) -> Response:
        return FileResponse(WEB / "demo" / "index.html", headers=DEMO_HEADERS)

    async def events(request: Request) -> Response:
        after = request.query_params.get("after", "")
        if not re.fullmatch(r"\d{1,20}-\d{1,20}", after):
            after = ""
        try:
            last, records = await recent_records(redis, after)
        except RedisError as error:
            return JSONResponse({"error": f"Redis: {type(error).__name__}"}, 503)
        return JSONResponse({"last": last, "records": records}, headers=DEMO_HEADERS)

    return [
        Route("/demo", page),
        Route("/demo/events", events),
        Mount("/demo", _DemoFiles(directory=WEB / "demo")),
    ]


class _DemoFiles(StaticFiles):
    """The page and its parts, each with the headers that the page has at /demo."""

    def file_response(self, *arguments: Any, **more: Any) -> Response:
        response = super().file_response(*arguments, **more)
        response.headers.update(DEMO_HEADERS)
        return response
