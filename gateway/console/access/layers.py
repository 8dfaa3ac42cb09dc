"""All layers of access control in front of the console."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from starlette.responses import PlainTextResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.configuration.settings import Settings
from gateway.console.access.hosts import HostCheck
from gateway.console.access.identified import Identified
from gateway.console.access.links import Links
from gateway.console.access.network import network_of
from gateway.console.access.passwords import Passwords
from gateway.console.access.paths import Paths
from gateway.console.access.requests import BODY_BYTES, OwnRequests
from gateway.console.access.sessions import Sessions
from gateway.console.access.sign_in import SignIn
from gateway.queue.console_attempts import ConsoleAttempts
from gateway.queue.console_sessions import ConsoleSessions
from gateway.queue.keys import Keys

if TYPE_CHECKING:
    from gateway.console.access.openid.provider import Provider

_NO_PAGE = PlainTextResponse("There is no such page.\n", 404)


class Access:
    """`app` for those who may see it, under the names that `settings` allow.

    open_paths: paths that everybody gets, besides those for signing in; ``/static/`` stands for all
    below it. limit: bytes of a stranger's request body. Every layer refuses by itself; the lifespan
    is that of `app`.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        redis: Redis,
        open_paths: Collection[str] = ("/static/",),
        limit: int = BODY_BYTES,
    ) -> None:
        keys, console = Keys.of(settings), settings.console
        stored, attempts = ConsoleSessions(redis, keys), ConsoleAttempts(redis, keys)
        sessions = Sessions(console, stored)
        network = network_of(settings.server)
        self._passwords = Passwords(console.users)
        self._provider: Provider | None = None
        routes = SignIn(settings, sessions, attempts, self._passwords, network).routes()
        sign_in_paths = ["/login", "/link/"]
        if console.openid:  # else nothing here needs PyJWT, which is large
            from gateway.console.access.openid.provider import Provider
            from gateway.console.access.openid.routes import OpenId
            from gateway.console.access.openid.start import CALLBACK

            self._provider = Provider(console.openid)
            sign_in_paths += ["/login/openid", CALLBACK]
            routes += OpenId(
                settings, console.openid, self._provider, sessions, stored, attempts, network
            ).routes()
        routes += Links(settings, sessions, stored, attempts).routes()
        everybody = Paths(open_paths)

        async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
            is_allowed = scope["path"] in everybody or scope["state"]["operator"] is not None
            await (app if is_allowed else _NO_PAGE)(scope, receive, send)

        router = Router(routes, redirect_slashes=False, default=signed_in)
        own = OwnRequests(router, limit, Paths(sign_in_paths))
        identified = Identified(own, sessions, Paths((*sign_in_paths, *open_paths)))
        self._app = app
        self._checked = HostCheck(identified, console.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._checked(scope, receive, send)
            return
        await self._app(scope, receive, send)
        await self.close()

    async def close(self) -> None:
        self._passwords.close()
        if self._provider is not None:
            await self._provider.close()
