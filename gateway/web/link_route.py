"""``GET /link?to=URL``: from one domain of a company to another, with the visitor's id."""

import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.configuration.settings import Settings
from gateway.event import Received
from gateway.sources.base import Refused
from gateway.stages.consent import compile_consent
from gateway.stages.identity import compile_link
from gateway.web.client_ip import ClientIp
from gateway.web.headers import read_headers

_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def link_routes(settings: Settings, client_ip: ClientIp) -> list[Route]:
    """The redirect, unless no domains are configured for it. client_ip: as for events, since a link
    is valid only in the network that asked for it."""
    if not settings.identity.link_domains:
        return []
    link = compile_link(settings.identity, settings.salt)
    read_consent = compile_consent(settings.consent)

    async def redirect(request: Request) -> Response:
        try:
            headers = read_headers(request.scope["headers"])
        except Refused as refused:
            return PlainTextResponse(f"{refused.message}\n", refused.status, _HEADERS)
        address = client_ip(request.client.host if request.client else "", headers).address
        agent = headers.get("user-agent", "")
        received = Received("link", time.time(), address, agent, headers)
        consented = read_consent({}, received)  # what the visitor's cookies state
        url = link(request.query_params.get("to", ""), received, consented)
        if not url:
            text = "`to` must be an https URL of one of the configured domains\n"
            return PlainTextResponse(text, 400, _HEADERS)
        return RedirectResponse(url, 302, _HEADERS)

    return [Route("/link", redirect)]
