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
from gateway.web.headers import header_bytes, read_headers
from gateway.web.long_work import LongWork

_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}

MAX_QUERY = 16_384
"""Bytes of a query. It has one URL of up to 4,096 characters, each perhaps as an escape."""


def link_routes(settings: Settings, client_ip: ClientIp, long_work: LongWork) -> list[Route]:
    """The redirect, unless no domains are configured for it. client_ip: as for events, since a link
    is valid only in the network that asked for it. long_work: shared with the events of strangers,
    since cookies and a query can take 30 ms to read."""
    if not settings.identity.link_domains:
        return []
    link = compile_link(settings.identity, settings.salt)
    read_consent = compile_consent(settings.consent)

    async def redirect(request: Request) -> Response:
        try:
            headers = read_headers(request.scope["headers"])
            query = request.scope["query_string"]
            await long_work.wait(len(query) + header_bytes(headers))
        except Refused as refused:
            later = {} if refused.retry_after is None else {"retry-after": f"{refused.retry_after}"}
            return PlainTextResponse(f"{refused.message}\n", refused.status, _HEADERS | later)
        address = client_ip(request.client.host if request.client else "", headers).address
        agent = headers.get("user-agent", "")
        received = Received("link", time.time(), address, agent, headers)
        consented = read_consent({}, received)  # what the visitor's cookies state
        to = request.query_params.get("to", "") if len(query) <= MAX_QUERY else ""
        url = link(to, received, consented)
        if not url:
            text = "`to` must be an https URL of one of the configured domains\n"
            return PlainTextResponse(text, 400, _HEADERS)
        return RedirectResponse(url, 302, _HEADERS)

    return [Route("/link", redirect)]
