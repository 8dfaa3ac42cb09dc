"""``GET`` or ``POST <path of a source>/token``: a submission token for the page that asks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.queue.pending_counts import PendingCounts
from gateway.sources.base import Answer, Inbound, Refused
from gateway.sources.submission_tokens import NONCE_BYTES, SubmissionTokens, issue_token
from gateway.web.client_ip import ClientIp
from gateway.web.headers import read_headers
from gateway.web.origins import OriginCheck, OriginRefused, page_origin
from gateway.web.refusals import NoteRefused
from gateway.web.sender_limit import SenderLimit

METHODS = ("GET", "POST")
"""Browsers send an `Origin` with each POST, but with a GET only to another origin.

Source: Fetch standard, "append a request Origin header".
"""


class TokenEndpoint:
    """An ASGI application. It answers ``{"token": ..., "expires_in": <seconds>}``.

    name: of the source. limit: a token costs its sender one request of the source. check_origin:
    that of the source. clock: in Unix seconds.
    """

    def __init__(
        self,
        name: str,
        tokens: SubmissionTokens,
        limit: SenderLimit,
        client_ip: ClientIp,
        check_origin: OriginCheck,
        pending_counts: PendingCounts,
        note_refused: NoteRefused = lambda request, refused: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._tokens = tokens
        self._limit = limit
        self._client_ip = client_ip
        self._check_origin = check_origin
        self._pending_counts = pending_counts
        self._note_refused = note_refused
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = self._answer(scope)
        except Refused as refused:
            self._pending_counts.add(f"refused:{self._name}:{refused.reason}")
            answer = refused.answer()
            if refused.status == 405:
                answer = replace(answer, headers={**answer.headers, "allow": ", ".join(METHODS)})
        headers = {**answer.headers, "cache-control": "no-store"}
        await Response(answer.body, answer.status, headers)(scope, receive, send)

    def _answer(self, scope: Scope) -> Answer:
        method = scope["method"]
        if method not in METHODS:
            raise Refused(405, "method", f"use {' or '.join(METHODS)}")
        headers = read_headers(scope["headers"])
        client = self._client_ip(scope["client"][0] if scope["client"] else "", headers)
        request = Inbound(method, scope["path"], "", headers)
        try:
            self._limit.enter(client, request)
            origin = self._origin(headers)
        except Refused as refused:
            self._note_refused(request, refused)
            raise
        seconds = self._tokens.seconds
        expires = int(self._clock()) + seconds
        nonce = os.urandom(NONCE_BYTES)
        token = issue_token(self._tokens.secrets[0], self._name, origin, expires, nonce)
        return Answer.json(200, {"token": token, "expires_in": seconds})

    def _origin(self, headers: Mapping[str, str]) -> str:
        self._check_origin(headers)
        origin = page_origin(headers)
        if origin is None:
            raise OriginRefused(
                "submission tokens are issued only to pages, and this request has neither an "
                "Origin nor a Referer header; fetch the token from a page"
            )
        return origin
