"""Carries out only requests of the console's own pages.

Sources: OWASP Cross-Site Request Forgery Prevention Cheat Sheet; W3C Fetch Metadata Request
Headers.
"""

from __future__ import annotations

import asyncio
from hmac import compare_digest

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.console.access.pages import words_answer
from gateway.console.access.paths import Paths

NO_PATHS = Paths(())
SAFE = frozenset({"GET", "HEAD"})
BODY_BYTES = 65_536
SIGNED_IN_BYTES = 2_097_152
"""For those who have signed in: the playground takes files that browsers have recorded."""
BODY_SECONDS = 10.0
FIELD, HEADER = "csrf_token", "x-csrf-token"

FOREIGN = (
    "This request did not come from a page of the console, so it was not carried out. Open the "
    "page in the console and try again."
)
STALE = (
    "The page from which this request came belongs to another session, so it was not carried out. "
    "Load the page again and repeat."
)
TOO_LARGE = "The request is larger than {limit} bytes, so it was not carried out."
TOO_SLOW = f"The request took longer than {BODY_SECONDS:.0f} s, so it was not carried out."
MALFORMED = "The form could not be read, so it was not carried out."


class OwnRequests:
    """`app` for requests of the console's own pages. Requests other than GET and HEAD are answered
    403 unless the browser says that a page of the console sent them and, in a session, they carry
    its CSRF token: in the header `X-CSRF-Token` or the field ``csrf_token`` of a form.

    The body is read here, within `BODY_SECONDS`: at most `limit` bytes from a stranger, and
    `SIGNED_IN_BYTES` from others. sign_in_paths: paths that start a session, and need no token of
    the one before.
    """

    def __init__(
        self, app: ASGIApp, limit: int = BODY_BYTES, sign_in_paths: Paths = NO_PATHS
    ) -> None:
        self._app = app
        self._limit = limit
        self._sign_in_paths = sign_in_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if not is_from_own_page(request):
                raise HTTPException(403, FOREIGN)
            signed_in = getattr(request.state, "operator", None) is not None
            limit = max(self._limit, SIGNED_IN_BYTES) if signed_in else self._limit
            body = await _read(request, receive, limit)
            starts_session = scope["path"] in self._sign_in_paths
            expected = "" if starts_session else getattr(request.state, "csrf", "")
            if expected and not _same(await _given(scope, body), expected):
                raise HTTPException(403, STALE)
        except ClientDisconnect:
            return
        except HTTPException as error:
            answer = words_answer(request, error.status_code, error.detail)
            await answer(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)


def is_from_own_page(request: Request) -> bool:
    """Whether the browser says that a page of the console sent the request: by `Sec-Fetch-Site`, or
    by `Origin` where it does not send that."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    scheme, _, origin = request.headers.get("origin", "").partition("://")
    return scheme in ("http", "https") and origin == request.headers.get("host", "").lower()


async def _read(request: Request, receive: Receive, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and float(length) > limit:
        raise HTTPException(413, TOO_LARGE.format(limit=limit))
    body, is_more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while is_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                is_more = message.get("more_body", False)
                if len(body) > limit:
                    raise HTTPException(413, TOO_LARGE.format(limit=limit))
    except TimeoutError:
        raise HTTPException(408, TOO_SLOW) from None
    return bytes(body)


async def _given(scope: Scope, body: bytes) -> str:
    """The CSRF token that a request carries."""
    request = Request(scope, _again(body))
    if header := request.headers.get(HEADER):
        return header
    try:
        async with request.form(max_files=20, max_fields=1_000, max_part_size=len(body)) as form:
            value = form.get(FIELD, "")
    except (HTTPException, MultiPartException, ValueError):
        raise HTTPException(400, MALFORMED) from None
    return value if isinstance(value, str) else ""


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode(errors="replace"), expected.encode())


def _again(body: bytes, rest: Receive | None = None) -> Receive:
    """Returns `body`, which was read already, and after it what `rest` returns."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await rest() if rest else {"type": "http.disconnect"}

    return receive
