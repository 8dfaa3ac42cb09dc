"""The outermost layer of the web part: which application answers a request."""

from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sources.claims import PathTable
from gateway.web.security_headers import SecurityHeaders

PREFIX = "gateway.prefix"
"""In the scope of a request: what stood before the path that its endpoint claims."""


class Application:
    """The endpoints of sources in `table`, and what answers all other paths. operators: the
    application at the operators' address.

    Events come in hundreds for each other request, so they do not pass through its layers.
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
        """What is open while it serves."""
        return self.others.router.lifespan_context(self.others)
