"""Security headers on what a browser can open: pages, scripts, redirects and errors.

Answers to events do not pass through here. They need no security header but `NOSNIFF`, which the
server adds to every answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOSNIFF = ("x-content-type-options", "nosniff")

DEFAULTS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
"""Unless an answer has one of its own. With a `Referrer-Policy` of ``no-referrer``, browsers would
send ``Origin: null`` with some requests of a page, and such an event is refused.

Source: OWASP HTTP Security Response Headers Cheat Sheet; W3C Referrer Policy.
"""


class SecurityHeaders:
    """`app` with `DEFAULTS` on its answers.

    Redirects have none of them: they show nothing, and `Cross-Origin-Opener-Policy` on one would
    cut a page off from the window that opened it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] // 100 != 3:
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULTS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
