"""Notes refused requests, for people who want to know why nothing arrives."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.configuration.kinds import source_types
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.refused_requests import RefusedRequest, RequestSample
from gateway.queue.unclaimed_counts import count_unclaimed
from gateway.sources.base import Inbound, Refused, Source
from gateway.sources.description import Schema
from gateway.sources.recognition import (
    NOISE,
    UNKNOWN,
    Recognise,
    compile_recognition,
    outline_of,
    shown_keys,
)
from gateway.web.headers import read_headers

log = logging.getLogger(__name__)

UNCLAIMED = "no_source"
"""The reason of a request to which no source answers."""

NOT_FOUND = Refused(
    404,
    UNCLAIMED,
    "no source answers at this path; the operator of this gateway finds the request with "
    "`gateway refused list`",
)

NoteRefused = Callable[[Inbound, Refused], None]
"""Receives a request that its source refused, whose body may not have been read, and the reason."""


def recognition() -> Recognise:
    """The function that recognises the protocols of the installed kinds of sources."""
    return compile_recognition(
        {name: [*kind.paths, *kind.questions] for name, kind in source_types().items()}
    )


class Refusals:
    """Notes refused requests in the sample. clock: in Unix seconds."""

    def __init__(
        self,
        sources: Mapping[str, Source[Any]],
        sample: RequestSample,
        pending_counts: PendingCounts,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sample = sample
        self._pending_counts = pending_counts
        self._clock = clock
        self._recognise = recognition()
        self._describe = RefusalDescriber(sources)

    def of(self, source: str) -> NoteRefused:
        """The function that notes requests that `source` refused. It leaves out those that the
        gateway cannot take at the moment (status 5xx): this is not due to the request."""

        def note(request: Inbound, refused: Refused) -> None:
            reason = refused.reason
            if refused.status < 500 and self._sample.has_place(f"{reason}:{source}"):
                described = self._describe(request, reason, refused.message, source=source)
                self._sample.add(described, self._clock())

        return note

    def note_unclaimed(self, request: Inbound) -> None:
        """Counts a request to which no source answers, and notes it if it can be a sender's."""
        looks_like = self._recognise(request)
        if looks_like == NOISE:
            count_unclaimed(self._pending_counts, UNKNOWN)
            return
        count_unclaimed(self._pending_counts, looks_like)
        if self._sample.has_place(f"{UNCLAIMED}:{looks_like}"):
            described = self._describe(request, UNCLAIMED, NOT_FOUND.message, looks_like=looks_like)
            self._sample.add(described, self._clock())


class RefusalDescriber:
    """Describes a refused request by what may be shown of it."""

    def __init__(self, sources: Mapping[str, Source[Any]]) -> None:
        self._schemes = {name: schemes_of(source) for name, source in sources.items()}
        paths = [
            path for kind in source_types().values() for path in (*kind.paths, *kind.questions)
        ]
        paths += [path for source in sources.values() for path in source.settings.paths]
        self._known = frozenset(segment for path in paths for segment in path.split("/"))

    def __call__(
        self,
        request: Inbound,
        reason: str,
        message: str,
        source: str = "",
        looks_like: str = "",
    ) -> RefusedRequest:
        outline = outline_of(request, self._known)
        schemes = self._schemes.get(source, {})
        return RefusedRequest(
            reason,
            source,
            looks_like,
            message,
            outline.method,
            outline.path,
            outline.parameters,
            outline.content_type,
            outline.origin,
            outline.asked_method,
            shown_keys(request, schemes) if reason == "unauthorized" else (),
        )


def schemes_of(source: Source[Any]) -> dict[str, Schema]:
    """The keys that `source` takes, by its own description."""
    schemes: dict[str, Schema] = {}
    for method in source.methods:
        try:
            schemes |= source.describe(method).keys
        except Exception as error:  # whatever a plug-in raises
            log.warning("source %s cannot be described: %s", source.type, type(error).__name__)
    return schemes


class Unclaimed:
    """Answers requests to which no source answers, an ASGI application."""

    def __init__(self, refusals: Refusals) -> None:
        self._note = refusals.note_unclaimed
        self._answer = NOT_FOUND.answer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._note(_inbound(scope))
        answer = self._answer
        await Response(answer.body, answer.status, answer.headers)(scope, receive, send)


def _inbound(scope: Scope) -> Inbound:
    """The head of the request, without its headers if they exceed the limits."""
    try:
        headers = read_headers(scope["headers"])
    except Refused:
        headers = {}
    query = scope["query_string"].decode("latin-1")
    return Inbound(scope["method"], scope["path"], query, headers)
