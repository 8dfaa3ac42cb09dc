"""The outermost layer of the web process: picks the application that answers a request."""

from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sources.claims import PathTable
from gateway.web.security_headers import SecurityHeaders

PREFIX = "gateway.prefix"
"""Key in the scope of a request: the part of its path before the one that its endpoint claims."""


class Application:
    """Gives each request to the endpoint in `table` at its path, and all others to `others`.

    operators: the application at the operators' address.

    Nearly all requests bring events, so these do not pass through the layers of `others`.
    """

    def __init__(self, table: PathTable[ASGIApp], others: Starlette, operators: ASGIApp) -> None:
        self.endpoints = table.exact
        self.others = others
        self.operators = operators
        self.find = table.find
        self._secured = SecurityHeaders(others)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._secured(scope, receive, send)
        elif app := self.endpoints.get(scope["path"]):
            await app(scope, receive, send)
        elif found := self.find(scope["path"]):
            below = {**scope, "path": found.path, PREFIX: found.prefix}
            await found.target(below, receive, send)
        else:
            await self._secured(scope, receive, send)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Opens on entry what it needs to serve, and closes that on exit."""
        return self.others.router.lifespan_context(self.others)
