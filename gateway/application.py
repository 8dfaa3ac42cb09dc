"""The outermost layer of the web part: which application answers a request."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


class Application:
    """Endpoints by the path of the request, and what answers all others.

    Events come in hundreds for each other request, so they do not pass through its layers.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp], others: Starlette) -> None:
        self.endpoints, self.others = endpoints, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.others
        if scope["type"] == "http":
            app = self.endpoints.get(scope["path"], app)
        await app(scope, receive, send)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """What is open while it serves."""
        return self.others.router.lifespan_context(self.others)
