"""The web process: `gateway serve`."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
from functools import partial
from pathlib import Path

import uvicorn

from gateway.configuration.exposure import operators_mistake
from gateway.configuration.settings import Settings
from gateway.runtime.reload import ConfigFile, ReloadingApp
from gateway.spool.appender import build_spool, warn_of_left_events
from gateway.system.processes import allow_many_files, die_with_parent
from gateway.web.accept import Server
from gateway.web.app import create_app
from gateway.web.application import Application
from gateway.web.protocol import Protocol
from gateway.web.security_headers import NOSNIFF

log = logging.getLogger(__name__)


def run_web(
    settings: Settings,
    config: Path,
    redis_url: str,
    listening: socket.socket,
    operators: socket.socket,
    allow_demo: bool,
) -> None:
    """Serves until SIGINT or SIGTERM under the current configuration in the file `config`.

    settings: those that the file had when it was read. listening, operators: sockets bound to the
    public address and the operators' address. allow_demo: whether to accept a demo configuration
    when the file changes.
    """
    die_with_parent()
    allow_many_files()

    file = ConfigFile(config, settings, allow_demo=allow_demo)
    applied = settings

    def build(newest: Settings) -> Application:
        nonlocal applied

        def is_rejected() -> bool:
            return not file.is_in_force(newest)

        if operators_mistake(newest, operators.getsockname()[0]):
            log.warning(
                "the configuration has no server.operators_token: requests from other machines "
                "to the operators' address are refused"
            )
        app = create_app(newest, redis_url, build_spool(newest), is_rejected)
        warn_of_left_events(applied, newest)
        applied = newest
        _spare_collector(again=newest is not settings)
        return app

    app = ReloadingApp(file, build)
    configure = partial(
        uvicorn.Config,
        interface="asgi3",
        http=Protocol,  # of httptools: h11 accepts requests whose framing is ambiguous
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        headers=[NOSNIFF],
        proxy_headers=False,  # `client_ip` reads them, from trusted proxies only
        timeout_graceful_shutdown=10,
    )
    with contextlib.suppress(KeyboardInterrupt):
        configs = configure(app), configure(app.operators)
        server = Server(*configs, settings=lambda: file.settings.server)
        server.run([listening, operators])


def _spare_collector(again: bool) -> None:
    """Hides existing objects from the garbage collector, and makes it run less often.

    Code and tables live as long as the configuration, and searching them again and again would cost
    every event. Events leave hardly any cycles behind. again: whether this is a new configuration,
    so that the collector has to search what the old one left; the first time, that would only copy
    memory that a fork shares.
    """
    if again:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
