"""The process of the console: `gateway console`."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway.configuration.settings import Settings
from gateway.console.access.layers import Access
from gateway.console.app import console_app
from gateway.console.context import Console
from gateway.console.headers import ConsoleHeaders
from gateway.console.pages import overview
from gateway.console.rendering import compile_templates
from gateway.monitoring.configuration import ConfigurationState
from gateway.redis_client.connect import connect_for_intake
from gateway.runtime.reload import ConfigFile
from gateway.system.processes import die_with_parent
from gateway.web.accept import Server
from gateway.web.protocol import Protocol

MAX_CONNECTIONS = 500
"""Enough for some hundred viewers with a live page each. Beyond it, the connections that have been
waiting longest are closed."""

GRACE_SECONDS = 2
"""How long requests under way may take when the process ends; live pages connect again."""


def run_console(settings: Settings, config: Path, redis_url: str, listening: socket.socket) -> None:
    """Serves the console until SIGINT or SIGTERM. listening: a bound socket."""
    die_with_parent()
    since, file = time.time(), ConfigFile(config, settings, allow_demo=True)

    def state() -> ConfigurationState:
        file.has_news()
        return ConfigurationState(settings.version, since, not file.is_in_force(settings))

    redis, jobs_url = connect_for_intake(redis_url), settings.redis.jobs_at(redis_url)
    console = Console(settings, config, redis, jobs_url, state, redis_url)
    configured = uvicorn.Config(
        _application(console),
        http=Protocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with suppress(KeyboardInterrupt):
        Server(configured, settings=lambda: settings.server, most=MAX_CONNECTIONS).run([listening])


def _application(console: Console) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        overview.warm(console)
        compiling = asyncio.create_task(asyncio.to_thread(compile_templates))
        yield
        await compiling
        await console.background.close()
        console.close()
        await console.redis.aclose()

    app = console_app(console)
    app.router.lifespan_context = lifespan
    return ConsoleHeaders(Access(app, console.settings, console.redis))
