"""The endpoints of one source: for events, for questions, and for submission tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from gateway.configuration.server import ServerSettings
from gateway.sources.base import Source
from gateway.sources.claims import Role
from gateway.web.base_url import compile_base_url
from gateway.web.intake import QUESTION_METHODS, Intake
from gateway.web.origins import compile_origin_check
from gateway.web.preflights import with_cors
from gateway.web.refusals import NoteRefused
from gateway.web.sender_limit import SenderLimit
from gateway.web.shared import Shared
from gateway.web.storage import EventAppender
from gateway.web.token_endpoint import METHODS, TokenEndpoint


@dataclass(frozen=True, slots=True)
class Endpoints:
    """by_role: the application for each `Role` but scripts. limit: the rate limit of the source."""

    by_role: Mapping[Role, ASGIApp]
    limit: SenderLimit


def endpoints_of(
    name: str,
    source: Source[Any],
    server: ServerSettings,
    shared: Shared,
    appender: EventAppender,
    note_refused: NoteRefused,
) -> Endpoints:
    """The endpoints of `source`. appender: makes its events durable. note_refused: receives its
    refused requests."""
    counts = shared.pending_counts
    max_body_bytes = min(server.max_body_bytes, source.max_body_bytes or server.max_body_bytes)
    check_origin = compile_origin_check(source.settings, server.demo)
    intake = Intake(name, source, shared, appender, max_body_bytes, note_refused, check_origin)
    questions = intake.for_questions(compile_base_url(server))
    for_pages = partial(with_cors, name, source, pending_counts=counts, note_refused=note_refused)
    by_role: dict[Role, ASGIApp] = {
        "events": for_pages(source.methods, intake),
        "question": for_pages(QUESTION_METHODS, questions),
    }
    tokens = source.settings.submission_tokens
    if tokens is not None and check_origin is not None:
        issue = TokenEndpoint(
            name, tokens, intake.limit, shared.client_ip, check_origin, counts, note_refused
        )
        by_role["token"] = for_pages(METHODS, issue)
    return Endpoints(by_role, intake.limit)
