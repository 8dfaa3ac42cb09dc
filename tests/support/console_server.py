"""The console of a running gateway, for a user who has signed in."""

from __future__ import annotations

import socket
import threading
import time
from typing import Self, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.configuration.console import Role
from gateway.console.access.operator import Operator
from gateway.console.app import console_app
from gateway.console.context import Console
from gateway.console.headers import ConsoleHeaders
from gateway.monitoring.configuration import ConfigurationState
from gateway.redis_client.connect import connect_for_intake
from gateway.runtime.embedded import embedded_url
from gateway.runtime.last_good import load_in_force
from tests.support.gateway_process import Gateway, wait_for


class SignedIn:
    """Runs `app` for a user with the role in the header ``x-role``, or else with `role`."""

    def __init__(self, app: ASGIApp, role: str) -> None:
        self._app = app
        self._role = role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"x-role", self._role.encode()).decode()
            scope["state"] = {"operator": Operator("anna", cast(Role, given)), "csrf": "token"}
        await self._app(scope, receive, send)


class ConsoleServer:
    """A server in a thread of this process. The environment must have the variables that the
    configuration of `gateway` uses."""

    def __init__(self, gateway: Gateway, role: str) -> None:
        self.settings = load_in_force(gateway.config).settings
        url = embedded_url(self.settings.redis.data_dir)
        assert url is not None
        jobs_url = self.settings.redis.jobs_at(url)
        state = ConfigurationState(self.settings.version, time.time(), False)
        redis = connect_for_intake(url)
        self.console = Console(self.settings, gateway.config, redis, jobs_url, lambda: state, url)
        app = ConsoleHeaders(SignedIn(console_app(self.console), role))
        configured = uvicorn.Config(
            app,
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=3600,  # or a paused client might send as its connection closes
        )
        self._server = uvicorn.Server(configured)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for(lambda: self._server.started, 60, "the console to start")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        self.console.close()
