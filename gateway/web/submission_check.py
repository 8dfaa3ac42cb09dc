"""Checks the submission tokens of requests, at a source that requires them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gateway.sources.base import Batch, Inbound, Refused, Source
from gateway.sources.submission_tokens import (
    SUBMISSION_HEADER,
    SUBMISSION_TOKEN,
    SubmissionTokens,
    read_expiry,
)
from gateway.web.origins import page_origin

LEEWAY_SECONDS = 5
"""How long a token is still accepted after its expiry: the clock of the server that issued it may
differ, and the request takes time to arrive."""


class SubmissionCheck:
    """The check of one source. clock: in Unix seconds."""

    def __init__(
        self,
        name: str,
        source: Source[Any],
        tokens: SubmissionTokens,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._shows_key = source.shows_key
        self._secrets = tokens.secrets
        self._clock = clock

    def passes_early(self, request: Inbound) -> bool:
        """Whether the headers of `request` have a valid token.

        request: its body is not read yet. Raises `Refused` for an invalid token, unless the headers
        also show a key.
        """
        token = request.headers.get(SUBMISSION_HEADER)
        if token is None:
            return False
        if problem := self._problem(token, request):
            if self._shows_key(request):
                return False
            raise _refused(problem)
        return True

    def check_batch(self, request: Inbound, batch: Batch) -> None:
        """Raises `Refused` unless `batch`, read from `request`, has a valid token next to its
        events, comes from a trusted sender, or has a reply and no events."""
        if batch.trusted or (batch.reply is not None and not batch.events):
            return
        if not batch.submission_token:
            raise _refused(
                "this source requires a submission token: fetch one at its /token "
                f"and send it as {SUBMISSION_HEADER} or as {SUBMISSION_TOKEN} next to the events"
            )
        if problem := self._problem(batch.submission_token, request):
            raise _refused(problem)

    def _problem(self, token: str, request: Inbound) -> str:
        origin = page_origin(request.headers)
        expires = read_expiry(token, self._secrets, self._name, origin or "")
        if expires is None:
            return "the submission token was not issued for this source and the page's origin"
        if self._clock() > expires + LEEWAY_SECONDS:
            return "the submission token has expired: fetch a new one"
        return ""


def _refused(message: str) -> Refused:
    return Refused(403, SUBMISSION_TOKEN, message)
