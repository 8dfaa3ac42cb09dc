"""What the gateway would do with a recorded request: the production code, with nothing stored."""

from __future__ import annotations

import contextlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.types import Message, Scope

from gateway.configuration.settings import Settings, build_sources
from gateway.configuration.shared_paths import OWN_PATHS
from gateway.event import Event, Received
from gateway.explain.requests import RecordedRequest
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.refused_requests import RefusedRequest
from gateway.sources.base import Inbound, Refusal, Refused, Source
from gateway.sources.claims import Claim, Found, PathTable, claims_of
from gateway.sources.description import Schema
from gateway.sources.recognition import keys_in
from gateway.stages.pii.parameters import PASSWORD, SECRET, tells
from gateway.web.application import PREFIX
from gateway.web.client_ip import compile_client_ip
from gateway.web.endpoints import endpoints_of
from gateway.web.refusals import (
    NOT_FOUND,
    UNCLAIMED,
    RefusalDescriber,
    recognition,
    schemes_of,
)
from gateway.web.scripts import script_claims
from gateway.web.shared import Shared

_names_password, _names_secret = tells(PASSWORD), tells(SECRET)


@dataclass(slots=True)
class Rehearsed:
    """What became of a request.

    described: the request, as it may be shown; its reason and message are "" unless it was refused.
    status: of the answer; 0 where the gateway itself answers, and no source. decided: each event as
    it was read, and the decision about it. received: how each of these events came in. refused: the
    events that were refused. server_only: how many of those only trusted senders may send. secrets:
    what must not be shown of the request.
    """

    described: RefusedRequest
    status: int = 0
    decided: list[tuple[Event, Decision]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    server_only: int = 0
    secrets: tuple[str, ...] = field(default=(), repr=False)


class Rehearsal:
    """Takes requests as the web application of `settings` would, except that nothing is stored, and
    that no rate limit is reached. address: from which they come, "" if that is not known."""

    def __init__(self, settings: Settings, address: str = "") -> None:
        self._settings = settings
        self._address = address
        self._sources = build_sources(settings)
        self._claims = _claims(settings, self._sources)
        self._decide = compile_pipeline(settings)
        self._describe = RefusalDescriber(self._sources)
        self._recognise = recognition()

    async def __call__(self, recorded: RecordedRequest) -> Rehearsed:
        request = Inbound(
            recorded.method,
            unquote(recorded.path),
            recorded.query,
            dict(recorded.headers),
            recorded.body,
        )
        found = self._claims.find(request.path)
        if found is not None and found.target.role in ("events", "question"):
            return await self._take(found, recorded, request)
        if found is not None or request.path in OWN_PATHS:
            return Rehearsed(self._describe(request, "", ""))
        looks_like, message = self._recognise(request), NOT_FOUND.message
        described = self._describe(request, UNCLAIMED, message, looks_like=looks_like)
        return Rehearsed(described, NOT_FOUND.status)

    async def _take(
        self, found: Found[Claim], recorded: RecordedRequest, request: Inbound
    ) -> Rehearsed:
        name, server, counts = found.target.source, self._settings.server, PendingCounts()
        source = self._sources[name]
        rehearsed = Rehearsed(
            self._describe(request, "", "", source=name),
            secrets=tuple(secrets_in(request, schemes_of(source))),
        )

        def decide(event: Event, received: Received) -> Decision:
            decision = self._decide(event, received)
            rehearsed.decided.append((event, decision))
            rehearsed.received.append(received)
            return decision

        def sample(source: str, at: float, refusals: Sequence[Refusal]) -> None:
            rehearsed.refused += refusals

        def note(noted: Inbound, refused: Refused) -> None:
            rehearsed.described = self._describe(
                noted, refused.reason, refused.message, source=name
            )

        client_ip = compile_client_ip(server.trusted_proxies, server.client_ip_header)
        shared = Shared(decide, counts, client_ip, sample_refused=sample)
        endpoints = endpoints_of(name, source, server, shared, _Nowhere(), note)
        endpoint = endpoints.by_role[found.target.role]
        exchange = _Exchange(recorded.body)
        scope = _scope(recorded, found, self._address)
        await endpoint(scope, exchange.receive, exchange.send)
        rehearsed.status = exchange.status
        rehearsed.server_only = counts.counts.get(f"refused:{name}:server_only", 0)
        if exchange.status >= 400 and not rehearsed.described.reason:
            rehearsed.described = self._describe(request, *exchange.refusal(), source=name)
        return rehearsed


def _claims(settings: Settings, sources: Mapping[str, Source[Any]]) -> PathTable[Claim]:
    """The claims by path, as in the web application."""
    of_sources = (claim for name, source in sources.items() for claim in claims_of(name, source))
    scripts = (claim for claim, _ in script_claims(settings.sources))
    return PathTable((claim, claim) for claim in chain(of_sources, scripts))


def secrets_in(request: Inbound, schemes: Mapping[str, Schema]) -> Iterator[str]:
    """The keys that `request` shows, and the values of cookies with the name of a secret."""
    for place, key in keys_in(request, schemes):
        yield key.decode("latin-1")
        if place.endswith("Basic"):
            with contextlib.suppress(ValueError):
                yield b64decode(key).partition(b":")[0].decode("latin-1")
    for cookie in request.headers.get("cookie", "").split(";"):
        name, _, value = cookie.strip().partition("=")
        if _names_password(name) or _names_secret(name):
            yield value


def _scope(recorded: RecordedRequest, found: Found[Claim], address: str) -> Scope:
    return {
        "type": "http",
        "method": recorded.method,
        "scheme": "https",
        "path": found.path,
        PREFIX: found.prefix,
        "query_string": recorded.query.encode("latin-1", "replace"),
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in recorded.headers
        ],
        "client": (address, 0) if address else None,
    }


class _Nowhere:
    """An appender that stores nothing."""

    async def append(self, decisions: list[Decision]) -> bool:
        return False


class _Exchange:
    """A request's body, and what was answered."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.status = 0
        self._answer = b""

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self._answer += message.get("body", b"")

    def refusal(self) -> tuple[str, str]:
        """The reason and the message in the answer; "" for one that it does not state."""
        try:
            answer = orjson.loads(self._answer)
        except orjson.JSONDecodeError:
            answer = {}
        stated = answer if isinstance(answer, dict) else {}
        return str(stated.get("reason", "")), str(stated.get("error", ""))
