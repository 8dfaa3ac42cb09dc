"""Intake: from a request to its answer."""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.event import Event, Received
from gateway.pipeline.clock import clock_offset
from gateway.pipeline.compile import Pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.address_counts import AddressProblem, count_address_problem
from gateway.queue.admission import Full
from gateway.queue.group_commit import Overloaded
from gateway.queue.pending_counts import ANSWER, PendingCounts
from gateway.redis_client.connect import RedisError
from gateway.sources.base import Answer, Batch, Inbound, Refusal, Refused, Source
from gateway.spool.file import SpoolError, SpoolFull
from gateway.web.answer_cookies import answer_cookies
from gateway.web.application import PREFIX
from gateway.web.base_url import BaseUrl
from gateway.web.body import SECONDS, read_body
from gateway.web.client_ip import ClientAddress, ClientIp
from gateway.web.deadlines import Deadlines
from gateway.web.headers import read_headers
from gateway.web.key_check import compile_key_check
from gateway.web.link_claims import ClaimLink
from gateway.web.load_shedder import LoadShedder
from gateway.web.long_reading import LongReading, takes_long
from gateway.web.long_work import SMALL_BATCH, SMALL_BODY_BYTES, LongWork
from gateway.web.origins import OriginCheck
from gateway.web.proxy_warnings import warn_of_proxy
from gateway.web.refusals import NoteRefused
from gateway.web.sender_limit import SenderLimit
from gateway.web.server_only import compile_names, refuse_server_only
from gateway.web.submission_check import SubmissionCheck

log = logging.getLogger(__name__)

QUESTION_METHODS = ("GET",)
"""Those at the `questions` of a source."""

RETRY_AFTER = 2
"""Seconds after which a sender may try again while Redis is away, or while too many send."""

TURN_SECONDS = 0.01
"""Of a request with many events, before others have their turn."""

BUSY = Refused(503, "busy", "too many requests at once; retry later", RETRY_AFTER).answer()
"""Made once: whoever sends too much is to cost little."""

DecisionObserver = Callable[[list[Decision]], None]

SampleRefused = Callable[[str, float, Sequence[Refusal]], None]
"""Is told of a source's refused events, and when they came, in Unix seconds."""

ReleaseHeld = Callable[[str, Sequence[Decision]], Awaitable[None]]
"""Releases the events that are held for the page with this token, given the decisions about what
the page sent now. Raises a redis-py error when that is not certain."""


class EventAppender(Protocol):
    """What makes events durable: an `Appender`, or one with a spool."""

    async def append(self, decisions: list[Decision]) -> bool:
        """Returns once the events of `decisions` are durable: whether events are held for which
        these state consent.

        Raises TypeError when an event cannot be represented in JSON, `Full` when a limit was
        reached (perhaps after a part was appended, as `gateway.queue.admission` says), and a
        redis-py error, `Overloaded` or `SpoolError` when it is not certain that they are durable.
        """


class Intake:
    """The endpoint of one source, an ASGI application.

    load_shedder, long_work, long_reading: shared by all endpoints of a process. watch: is told of
    the decisions that were appended. claim_link: without it no link between domains identifies
    anybody. release_held: is called before the answer when a page states consent for which events
    of it wait. check_origin: without it any page may send. sample_refused: is told of events that
    cannot be read. note_refused: is told of requests that are refused.
    """

    def __init__(
        self,
        name: str,
        source: Source[Any],
        pipeline: Pipeline,
        appender: EventAppender,
        pending_counts: PendingCounts,
        client_ip: ClientIp,
        max_body_bytes: int,
        load_shedder: LoadShedder,
        long_work: LongWork,
        long_reading: LongReading,
        watch: DecisionObserver | None = None,
        claim_link: ClaimLink | None = None,
        release_held: ReleaseHeld | None = None,
        check_origin: OriginCheck | None = None,
        sample_refused: SampleRefused | None = None,
        note_refused: NoteRefused = lambda request, refused: None,
    ) -> None:
        self._name = name
        self._source = source
        self._pipeline = pipeline
        self._appender = appender
        self._pending_counts = pending_counts
        self._client_ip = client_ip
        self._body_deadlines = Deadlines(SECONDS)
        self._max_body_bytes = max_body_bytes
        self._load_shedder = load_shedder
        self._long_work = long_work
        self._long_reading = long_reading
        self._shows_key = compile_key_check(source)
        self._watch = watch
        self._claim_link = claim_link
        self._release_held = release_held
        self._check_origin = check_origin
        self._sample_refused = sample_refused
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
        client_ip, proxied, problem = client
        if self._base_url is not None:
            request.base_url = self._base_url(scope, headers)
        try:
            batch = await self._read(request, client, receive)
        except Refused as refused:
            self._note_refused(request, refused)
            raise
        if problem and not batch.backend:
            self._note(problem, client_ip)
        now = int(1000 * time.time()) / 1000  # no more digits than Redis knows
        received = Received(
            self._name,
            now,
            client_ip,
            headers.get("user-agent", ""),
            headers,
            batch.trusted,
            proxied,
            "" if self._source.reads_query else query,
            batch.backend,
            batch.anonymous,
            page_token=batch.page_token,
            clock_offset=clock_offset(batch.sent, now) if batch.sent and not batch.backend else 0.0,
        )
        decisions = await self._decide(batch.events, received)
        batch.events[:] = [decision.event for decision in decisions]
        if decisions:
            self._pending_counts.add(self._received, len(decisions))
            for decision in decisions:
                for name in decision.counts:
                    self._pending_counts.add(name)
            if await self._append(decisions, batch):
                await self._release(batch.page_token, decisions)
        answer = batch.reply or self._source.answer(batch)
        cookies = answer_cookies(decisions)
        if not cookies:
            return answer
        return Answer(answer.status, answer.body, answer.headers, cookies)

    async def _read(self, request: Inbound, client: ClientAddress, receive: Receive) -> Batch:
        """The events in `request`, whose body has yet to come. Raises `Refused` where the sender
        may not send them, or not now."""
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
        size = len(request.body)
        if takes_long(request):
            batch = await self._long_reading.read(self._source, request)
        else:
            if size > SMALL_BODY_BYTES and not self._source.shows_key(request):
                await self._long_work.wait(size)
            batch = self._source.read(request)
        if bucket is not None:
            if batch.trusted:
                bucket.give_back(1, size)
            else:
                bucket.pay(len(batch.events) + len(batch.refused), 0)
        if check_token is not None:
            check_token.check_batch(request, batch)
        if batch.refused:
            self._count_refused("invalid", len(batch.refused))
            if self._sample_refused is not None:
                self._sample_refused(self._name, time.time(), batch.refused)
        if self._server_only and (refused := refuse_server_only(batch, self._server_only)):
            self._count_refused("server_only", refused)
        return batch

    async def _decide(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """The decision about each event. A link that would identify the visitor is claimed first,
        and does so for all events of the request."""
        decisions = await self._decide_each(events, received)
        links = [each.unclaimed_link for each in decisions if each.unclaimed_link is not None]
        if not links or self._claim_link is None:
            return decisions
        visitor = await self._claim_link(links, received.at)
        if not visitor:
            return decisions
        linked = replace(received, linked_visitor=visitor)
        return await self._decide_each(events, linked)

    async def _decide_each(self, events: Sequence[Event], received: Received) -> list[Decision]:
        """The decision about each event, with a turn for other requests every `TURN_SECONDS`. Those
        of strangers share their turns."""
        if len(events) <= 1:
            return [self._pipeline(event, received) for event in events]
        if len(events) > SMALL_BATCH and not received.trusted:
            await self._long_work.wait(0)
        decisions: list[Decision] = []
        turn_ends = time.perf_counter() + TURN_SECONDS
        for event in events:
            decisions.append(self._pipeline(event, received))
            if time.perf_counter() > turn_ends:
                await asyncio.sleep(0)
                if not received.trusted:
                    await self._long_work.wait(0)
                turn_ends = time.perf_counter() + TURN_SECONDS
        return decisions

    def _note(self, problem: AddressProblem, client_ip: str) -> None:
        count_address_problem(self._pending_counts, problem)
        if problem == "untrusted_proxy":
            warn_of_proxy(client_ip)

    async def _append(self, decisions: list[Decision], batch: Batch) -> bool:
        """Whether events are held for which these state consent. batch: of which they are."""
        try:
            awaited = await self._appender.append(decisions)
        except TypeError:
            raise Refused(400, "malformed", "an event cannot be represented in JSON") from None
        except Full as error:
            if error.awaited:
                await self._release(batch.page_token, decisions)
            raise self._full(error, batch) from None
        except (RedisError, Overloaded, SpoolError) as error:
            log.warning("%d events refused: %s", len(decisions), type(error).__name__)
            reason = "spool_full" if isinstance(error, SpoolFull) else "unavailable"
            message = "events could not be stored; retry the whole request"
            raise self._refused(reason, len(decisions), message) from None
        if self._watch is not None:
            self._watch(decisions)
        return awaited

    async def _release(self, page_token: str, decisions: Sequence[Decision]) -> None:
        if self._release_held is None:
            return
        try:
            await self._release_held(page_token, decisions)
        except (RedisError, Overloaded) as error:
            log.warning("held events could not be released: %s", type(error).__name__)
            message = (
                "the events are stored, but held events of this page could not be released; retry "
                "the whole request"
            )
            raise self._refused("unavailable", 1, message) from None

    def _full(self, error: Full, batch: Batch) -> Refused:
        if not error.events:
            return self._refused("full", len(batch.events), str(error))
        unread = {each.index for each in batch.refused}
        places = [index for index in range(len(batch.events) + len(unread)) if index not in unread]
        events = [
            {"index": places[place], "taken": taken, "full": full}
            for place, taken, full in error.events
        ]
        message = (
            f"{error}; the listed events were not accepted for all of their destinations; retry "
            f"the whole request"
        )
        return self._refused("full", len(events), message, events)

    def _refused(
        self, reason: str, count: int, message: str, events: Sequence[object] = ()
    ) -> Refused:
        self._count_refused(reason, count - 1)  # the request counts one
        return Refused(503, reason, message, RETRY_AFTER, events)

    def _refuse_method(self, request: Inbound) -> Answer:
        methods = self._methods
        refused = Refused(405, "method", f"use {' or '.join(methods)}")
        self._count_refused(refused.reason)
        self._note_refused(request, refused)
        answer = refused.answer()
        return replace(answer, headers={**answer.headers, "allow": ", ".join(methods)})

    def _count_refused(self, reason: str, events: int = 1) -> None:
        self._pending_counts.add(f"refused:{self._name}:{reason}", events)
