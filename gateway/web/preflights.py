"""CORS: tells browsers which pages of other origins may send events."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.queue.pending_counts import PendingCounts
from gateway.sources.base import Inbound, Refused, Source
from gateway.sources.submission_tokens import SUBMISSION_HEADER
from gateway.web.headers import read_headers
from gateway.web.refusals import NoteRefused

PREFLIGHT = "preflight"
"""The reason of a refused preflight, after which the browser does not send its request."""

CORS_HEADERS = ("authorization", "content-type", SUBMISSION_HEADER)
"""Request headers that pages may send to any source."""


def with_cors(
    name: str,
    source: Source[Any],
    methods: Sequence[str],
    endpoint: ASGIApp,
    pending_counts: PendingCounts,
    note_refused: NoteRefused,
) -> ASGIApp:
    """`endpoint` with CORS, so that pages of `allowed_origins` can send to it and read its answers.
    A refused preflight is counted and noted, since no request follows it."""
    if not source.settings.allowed_origins:
        return endpoint
    cors = CORSMiddleware(
        endpoint,
        allow_origins=source.settings.allowed_origins,
        allow_credentials=True,
        allow_methods=(*methods, "OPTIONS"),
        allow_headers=(*CORS_HEADERS, *source.cors_headers),
        expose_headers=("retry-after",),
        max_age=3600,
    )
    counter = f"refused:{name}:{PREFLIGHT}"

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "OPTIONS":
            await cors(scope, receive, send)
            return
        status = 200

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await cors(scope, receive, watch)
        if status == 400:
            pending_counts.add(counter)
            _note(scope, note_refused)

    return watched


def _note(scope: Scope, note_refused: NoteRefused) -> None:
    try:
        headers = read_headers(scope["headers"])
    except Refused:
        return
    message = (
        "the browser asked whether its page may send this request, and the answer was no, because "
        "of the page's origin, the method or a header"
    )
    request = Inbound(scope["method"], scope["path"], "", headers)
    note_refused(request, Refused(400, PREFLIGHT, message))
