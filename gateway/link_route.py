"""``GET /link?to=URL``: from one domain of a company to another, with the visitor's id."""

import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.event import Received
from gateway.identity import compile_link
from gateway.settings import Settings

_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def link_routes(settings: Settings) -> list[Route]:
    """The redirect, unless no domains are configured for it."""
    if not settings.identity.link_domains:
        return []
    link = compile_link(settings.identity, settings.salt)

    async def redirect(request: Request) -> Response:
        headers = dict(request.headers)
        agent = headers.get("user-agent", "")
        received = Received("link", time.time(), user_agent=agent, headers=headers)
        url = link(request.query_params.get("to", ""), received)
        if not url:
            text = "`to` is no https URL of one of the configured domains\n"
            return PlainTextResponse(text, 400, _HEADERS)
        return RedirectResponse(url, 302, _HEADERS)

    return [Route("/link", redirect)]
