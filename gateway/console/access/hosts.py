"""Under which names the console answers.

A page of another site can point a name of its own at this machine (DNS rebinding) and ask as if it
were a page of the console. Its requests have that name in `Host`.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.configuration.exposure import is_loopback
from gateway.urls.domains import host_name


class HostCheck:
    """`app` for requests to a loopback address, to `localhost`, and to `hosts`: names or addresses
    in lower case, without port. Others get 421 (RFC 9110, 15.5.20)."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if scope["type"] == "lifespan" or self._allows(scope) else _WRONG_HOST
        await app(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return False
        name = host_name(given[0].decode("latin-1"))
        return name in self._hosts or is_loopback(name.strip("[]"))


_WRONG_HOST = PlainTextResponse(
    "The console does not answer under this name. If the name is yours, add it to `console.hosts` "
    "in the configuration.\n",
    421,
)
