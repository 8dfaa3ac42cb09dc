"""Intake: from a request to its answer."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.event import Received
from gateway.pipeline.clock import clock_offset
from gateway.queue.address_counts import AddressProblem, count_address_problem
from gateway.queue.pending_counts import ANSWER
from gateway.sources.base import Answer, Batch, Inbound, Refused, Source
from gateway.web.answer_cookies import answer_cookies
from gateway.web.application import PREFIX
from gateway.web.base_url import BaseUrl
from gateway.web.body import BODY_SECONDS, read_body
from gateway.web.client_ip import ClientAddress
from gateway.web.deadlines import Deadlines
from gateway.web.deciding import Decider
from gateway.web.headers import header_bytes, read_headers
from gateway.web.key_check import compile_key_check
from gateway.web.long_requests import takes_long
from gateway.web.long_work import too_many
from gateway.web.origins import OriginCheck
from gateway.web.proxy_warnings import warn_of_proxy
from gateway.web.rate_limit import Bucket
from gateway.web.refusals import NoteRefused
from gateway.web.sender_limit import SenderLimit, charged_bytes
from gateway.web.server_only import compile_names, refuse_server_only
from gateway.web.shared import Shared
from gateway.web.storage import EventAppender, Storage
from gateway.web.submission_check import SubmissionCheck

_numbers = count(1)
"""Of the requests of this process."""

QUESTION_METHODS = ("GET",)
"""Methods at the `questions` of a source."""

BUSY = too_many().answer()
"""Made once, so that refusing a flood costs little."""


class Intake:
    """The endpoint of one source, an ASGI application.

    appender: makes events durable. note_refused: receives refused requests. check_origin: without
    it any page may send.
    """

    def __init__(
        self,
        name: str,
        source: Source[Any],
        shared: Shared,
        appender: EventAppender,
        max_body_bytes: int,
        note_refused: NoteRefused = lambda request, refused: None,
        check_origin: OriginCheck | None = None,
    ) -> None:
        self._name = name
        self._source = source
        self._decider = Decider(shared.pipeline, shared.long_work, shared.claim_link)
        self._storage = Storage(appender, self._count_refused, shared.watch, shared.release_held)
        self._pending_counts = shared.pending_counts
        self._client_ip = shared.client_ip
        self._load_shedder = shared.load_shedder
        self._long_work = shared.long_work
        self._long_requests = shared.long_requests
        self._sample_refused = shared.sample_refused
        self._body_deadlines = Deadlines(BODY_SECONDS)
        self._max_body_bytes = max_body_bytes
        self._shows_key = compile_key_check(source)
        self._check_origin = check_origin
        self._note_refused = note_refused
        self._server_only = compile_names(source.settings.server_only)
        tokens = source.settings.submission_tokens
        self._check_token = SubmissionCheck(name, source, tokens) if tokens is not None else None
        self.limit = SenderLimit(name, source)
        self._received = f"received:{name}"
        self._methods: Sequence[str] = source.methods
        self._base_url: BaseUrl | None = None

    def for_questions(self, base_url: BaseUrl) -> Intake:
        """The endpoint of the source's `questions`, with the same limits."""
        asked = copy.copy(self)
        asked._methods, asked._base_url = QUESTION_METHODS, base_url
        return asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            if self._load_shedder.should_shed(started) and self._is_shed(scope, started):
                self._count_refused("busy")
                answer = BUSY
            else:
                answer = await self._answer(scope, receive)
        except Refused as refused:
            self._count_refused(refused.reason)
            answer = refused.answer()
        except ClientDisconnect:
            self._count_refused("disconnected")
            return
        headers: list[tuple[bytes, bytes]] = []
        for name, value in answer.headers.items():
            headers.append((name.encode(), value.encode()))
        if answer.cookies:
            headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in answer.cookies]
            headers.append((b"cache-control", b"no-store"))
        if answer.status != 204:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        ANSWER.observe(self._pending_counts, time.perf_counter() - started)

    def _is_shed(self, scope: Scope, started: float) -> bool:
        return not self._shows_key(scope) or self._load_shedder.should_shed_keyed(started)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method = scope["method"]
        headers = read_headers(scope["headers"])
        query = scope["query_string"].decode("latin-1")
        request = Inbound(method, scope["path"], query, headers)
        if PREFIX in scope:
            request.prefix = scope[PREFIX]
        if method not in self._methods:
            return self._refuse_method(request)
        peer = scope["client"][0] if scope["client"] else ""
        client = self._client_ip(peer, headers)
        if self._base_url is not None:
            request.base_url = self._base_url(scope, headers)
        try:
            return await self._serve(request, client, receive)
        except Refused as refused:
            self._note_refused(request, refused)
            raise

    async def _serve(self, request: Inbound, client: ClientAddress, receive: Receive) -> Answer:
        """The answer to `request`, whose body is not read yet. Raises `Refused` if the sender may
        not send it, or not now."""
        bucket = self.limit.enter(client, request)
        if self._check_origin is not None:
            self._check_origin(request.headers)
        check_token = self._check_token
        if check_token is not None and check_token.passes_early(request):
            check_token = None
        request.body = await read_body(
            receive, request.headers, self._max_body_bytes, self._body_deadlines
        )
        if bucket is not None:
            self.limit.pay_body(bucket, client, request)
        request.received_at = time.time()
        if takes_long(self._source, request):
            lane = self._long_requests.lane(self._source, request)
            async with lane.place(_size_of(request)):
                batch = await lane.read(self._source, request)
                return await self._take(batch, request, client, bucket, check_token)
        if self._long_work.is_over() and not self._source.shows_key(request):
            await self._long_work.wait(_size_of(request))
        batch = self._source.read(request)
        return await self._take(batch, request, client, bucket, check_token)

    async def _take(
        self,
        batch: Batch,
        request: Inbound,
        client: ClientAddress,
        bucket: Bucket | None,
        check_token: SubmissionCheck | None,
    ) -> Answer:
        """Stores the events of `batch`, which was read from `request`, and returns the answer."""
        if bucket is not None:
            if batch.trusted:
                bucket.give_back(1, charged_bytes(request))
            else:
                more = max(0, batch.size - charged_bytes(request))
                bucket.pay(len(batch.events) + len(batch.refused), more)
        if check_token is not None:
            check_token.check_batch(request, batch)
        self._refuse_events(batch)
        decisions = await self._decider.decide(
            batch.events, self._received_of(batch, request, client)
        )
        batch.events[:] = [decision.event for decision in decisions]
        if decisions:
            self._pending_counts.add(self._received, len(decisions))
            for decision in decisions:
                for name in decision.counts:
                    self._pending_counts.add(name)
            await self._storage.store(decisions, batch)
        answer = batch.reply or self._source.answer(batch)
        cookies = answer_cookies(decisions)
        if not cookies:
            return answer
        return Answer(answer.status, answer.body, answer.headers, cookies)

    def _refuse_events(self, batch: Batch) -> None:
        if batch.refused:
            self._count_refused("invalid", len(batch.refused))
        if self._server_only and (refused := refuse_server_only(batch, self._server_only)):
            self._count_refused("server_only", refused)
        if batch.refused and self._sample_refused is not None:
            self._sample_refused(self._name, time.time(), batch.refused)

    def _received_of(self, batch: Batch, request: Inbound, client: ClientAddress) -> Received:
        client_ip, proxied, problem = client
        if problem and not batch.backend:
            self._note(problem, client_ip)
        now = int(1000 * time.time()) / 1000  # no more digits than Redis knows
        headers = request.headers
        return Received(
            self._name,
            now,
            client_ip,
            headers.get("user-agent", ""),
            headers,
            batch.trusted,
            proxied,
            "" if self._source.reads_query else request.query,
            batch.backend,
            batch.anonymous,
            page_token=batch.page_token,
            clock_offset=clock_offset(batch.sent, now) if batch.sent and not batch.backend else 0.0,
            number=next(_numbers),
        )

    def _note(self, problem: AddressProblem, client_ip: str) -> None:
        count_address_problem(self._pending_counts, problem)
        if problem == "untrusted_proxy":
            warn_of_proxy(client_ip)

    def _refuse_method(self, request: Inbound) -> Answer:
        methods = self._methods
        refused = Refused(405, "method", f"use {' or '.join(methods)}")
        self._count_refused(refused.reason)
        self._note_refused(request, refused)
        answer = refused.answer()
        return replace(answer, headers={**answer.headers, "allow": ", ".join(methods)})

    def _count_refused(self, reason: str, events: int = 1) -> None:
        self._pending_counts.add(f"refused:{self._name}:{reason}", events)


def _size_of(request: Inbound) -> int:
    """Bytes that `request` holds while it waits: headers can have as many as a body."""
    return charged_bytes(request) + header_bytes(request.headers)
