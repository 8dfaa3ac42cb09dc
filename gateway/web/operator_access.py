"""Who gets an answer at the operators' address."""

from __future__ import annotations

import re
from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.configuration.exposure import is_loopback


class OperatorAccess:
    """`app` for those who send `token` as ``Authorization: Bearer TOKEN``.

    Without a token, `app` for this machine alone: the request comes from a loopback address, and
    its `Host` is one as well. A web page whose host name was pointed at this machine (DNS
    rebinding) sends that name in `Host`.

    Source: RFC 6750, 2.1 and 3.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if self._token is None:
            if not _is_local(scope):
                app = _NOT_LOCAL
        elif not _has_token(scope, self._token):
            app = _NO_TOKEN
        await app(scope, receive, send)


_NO_TOKEN = PlainTextResponse(
    "Send the token in `server.operators_token` as `Authorization: Bearer TOKEN`.\n",
    401,
    {"www-authenticate": "Bearer"},
)

_NOT_LOCAL = PlainTextResponse(
    "Only requests from this machine to a loopback address, such as 127.0.0.1, are answered here. "
    "To allow "
    "others, set `server.operators_token`.\n",
    403,
)


def _has_token(scope: Scope, token: bytes) -> bool:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return False
    scheme, _, credentials = given[0].partition(b" ")
    return scheme.lower() == b"bearer" and compare_digest(credentials.strip(b" "), token)


def _is_local(scope: Scope) -> bool:
    peer = scope["client"][0] if scope["client"] else ""
    host = Headers(scope=scope).get("host", "")
    name = re.sub(r":\d*$", "", host).removeprefix("[").removesuffix("]")
    return is_loopback(peer) and is_loopback(name)
