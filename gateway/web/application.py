"""The outermost layer of the web part: which application answers a request."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.security_headers import SecurityHeaders


class Application:
    """Endpoints by the path of the request, and what answers all others. operators: the
    application at the operators' address.

    Events come in hundreds for each other request, so they do not pass through its layers.
    """

    def __init__(
        self, endpoints: Mapping[str, ASGIApp], others: Starlette, operators: ASGIApp
    ) -> None:
        self.endpoints = endpoints
        self.others = others
        self.operators = operators
        self._secured = SecurityHeaders(others)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._secured
        if scope["type"] == "http":
            app = self.endpoints.get(scope["path"], app)
        await app(scope, receive, send)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """What is open while it serves."""
        return self.others.router.lifespan_context(self.others)
