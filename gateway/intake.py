"""Intake: from a request to its answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.body import read_body
from gateway.client_ip import ClientIp
from gateway.event import Received
from gateway.pipeline import Decision, Pipeline
from gateway.queue.append import Appender
from gateway.queue.connect import RedisError
from gateway.queue.group_commit import Overloaded
from gateway.queue.room import Full
from gateway.queue.tally import ANSWER, Tally
from gateway.sources.base import Answer, Inbound, Refused, Source
from gateway.spool_file import SpoolError, SpoolFull
from gateway.turn import Turn

log = logging.getLogger(__name__)

RETRY_AFTER = 2
"""Seconds after which a sender may try again while Redis is away, or while too many send."""

BUSY = Refused(503, "busy", "too many requests come at once", RETRY_AFTER).answer()
"""Made once: whoever sends too much is to cost little."""

Watch = Callable[[list[Decision]], None]


class Intake:
    """The endpoint of one source, an ASGI application.

    turn: shared by all endpoints of a process. watch: is told of the decisions that were appended.
    """

    def __init__(
        self,
        name: str,
        source: Source[Any],
        pipeline: Pipeline,
        appender: Appender,
        tally: Tally,
        client_ip: ClientIp,
        max_body_bytes: int,
        turn: Turn,
        watch: Watch | None = None,
    ) -> None:
        self._name, self._source, self._pipeline = name, source, pipeline
        self._appender, self._tally, self._client_ip = appender, tally, client_ip
        self._max_body_bytes, self._turn, self._watch = max_body_bytes, turn, watch
        self._limit = _compile_limit(source.settings.rate_limit)
        self._received = f"received:{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            if self._turn.is_over(started):
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
        ANSWER.observe(self._tally, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method = scope["method"]
        if method not in self._source.methods:
            self._count_refused("method")
            return _wrong_method(self._source.methods)
        headers = _headers(scope["headers"])
        peer = scope["client"][0] if scope["client"] else ""
        client_ip, proxied = self._client_ip(peer, headers)
        self._limit(client_ip)
        body = await read_body(receive, headers, self._max_body_bytes)
        query = scope["query_string"].decode("latin-1")
        batch = self._source.read(Inbound(method, scope["path"], query, headers, body))
        received = Received(
            self._name,
            int(1000 * time.time()) / 1000,  # no more digits than Redis knows
            client_ip,
            headers.get("user-agent", ""),
            headers,
            batch.trusted,
            proxied,
        )
        decisions: list[Decision] = []
        cookies: dict[str, str] = {}
        for place, event in enumerate(batch.events):
            decision = self._pipeline(event, received)
            decisions.append(decision)
            batch.events[place] = decision.event
            for cookie in decision.cookies:
                cookies[cookie.partition("=")[0]] = cookie
        if batch.refused:
            self._count_refused("invalid", len(batch.refused))
        if decisions:
            self._tally.add(self._received, len(decisions))
            await self._append(decisions)
        answer = self._source.answer(batch)
        if not cookies:
            return answer
        return Answer(answer.status, answer.body, answer.headers, tuple(cookies.values()))

    async def _append(self, decisions: list[Decision]) -> None:
        try:
            await self._appender.append(decisions)
        except TypeError:
            raise Refused(400, "malformed", "an event cannot be written as JSON") from None
        except Full as error:
            raise self._refused("full", len(decisions), str(error)) from None
        except (RedisError, Overloaded, SpoolError) as error:
            log.warning("%d events refused: %s", len(decisions), type(error).__name__)
            reason = "spool_full" if isinstance(error, SpoolFull) else "unavailable"
            message = "events cannot be stored now; nothing of this request was kept for sure"
            raise self._refused(reason, len(decisions), message) from None
        if self._watch is not None:
            self._watch(decisions)

    def _refused(self, reason: str, events: int, message: str) -> Refused:
        self._count_refused(reason, events - 1)  # the request counts one
        return Refused(503, reason, message, RETRY_AFTER)

    def _count_refused(self, reason: str, events: int = 1) -> None:
        self._tally.add(f"refused:{self._name}:{reason}", events)


def _wrong_method(methods: Sequence[str]) -> Answer:
    answer = Refused(405, "method", f"use {' or '.join(methods)}").answer()
    return replace(answer, headers={**answer.headers, "allow": ", ".join(methods)})


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; of one that came several times, the values in one
    list (RFC 9110, 5.3)."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(headers) < len(raw):
        for wanted in headers:
            values = [value for name, value in raw if name.decode("latin-1") == wanted]
            headers[wanted] = b", ".join(values).decode("latin-1")
    return headers


def _compile_limit(rate: str | None) -> Callable[[str], None]:
    """A function that raises `Refused` when an address has sent more requests than `rate`."""
    if rate is None:
        return lambda _: None
    from limits import parse
    from limits.storage import MemoryStorage
    from limits.strategies import FixedWindowRateLimiter

    item, limiter = parse(rate), FixedWindowRateLimiter(MemoryStorage())

    def limit(client_ip: str) -> None:
        if not limiter.hit(item, client_ip):
            reset = limiter.get_window_stats(item, client_ip).reset_time
            wait = max(1, round(reset - time.time()))
            raise Refused(429, "rate_limited", f"more than {rate}", wait)

    return limit
