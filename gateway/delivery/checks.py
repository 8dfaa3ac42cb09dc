"""Checks: second requests by which a vendor says what is wrong with the first ones.

A check is sent together with its request. The outcome of the request waits only a moment for it;
the check can add warnings, and changes nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from destinations.base import Destination, Outcome, Request
from gateway.delivery.warnings import keep_warnings
from gateway.http.client import Client, SendError

log = logging.getLogger(__name__)

MAX_CHECKS = 4
"""How many checks may be under way at once. Further requests are not checked meanwhile."""

GRACE_SECONDS = 0.25
"""How long an outcome waits for its check after the response has come."""

Check = asyncio.Task[tuple[str, ...]]
"""A check under way; its result are the warnings."""


class Checks:
    """The checks of one destination's requests."""

    def __init__(self, destination: Destination[Any], client: Client) -> None:
        self._destination = destination
        self._client = client
        self._under_way = 0
        self._has_failed = False

    def begin(self, request: Request) -> Check | None:
        """Starts the check of `request`; None if there is none, or `MAX_CHECKS` are under way."""
        if self._under_way == MAX_CHECKS:
            return None
        try:
            second = self._destination.check(request)
        except Exception as error:
            self._note_failure(type(error).__name__)
            return None
        if second is None:
            return None
        self._under_way += 1
        check = asyncio.create_task(self._find(second))
        check.add_done_callback(self._ended)
        return check

    async def warn(self, check: Check, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """`outcomes` of the checked request, with the vendor's warnings on the delivered ones."""
        if any(outcome.result == "delivered" for outcome in outcomes):
            await asyncio.wait([check], timeout=GRACE_SECONDS)
        if not check.done():
            check.cancel()
            return outcomes
        found = check.result()
        if not found:
            return outcomes
        warned = [
            replace(outcome, warnings=(*outcome.warnings, *found))
            if outcome.result == "delivered"
            else outcome
            for outcome in outcomes
        ]
        return keep_warnings(self._destination, warned)

    async def _find(self, request: Request) -> tuple[str, ...]:
        try:
            response = await self._client.send(request)
            return tuple(self._destination.check_warnings(response))
        except SendError as error:
            self._note_failure(error.reason)
        except Exception as error:
            self._note_failure(type(error).__name__)
        return ()

    def _ended(self, _: Check) -> None:
        self._under_way -= 1

    def _note_failure(self, reason: str) -> None:
        """Logs the first failure only: nothing depends on checks."""
        if not self._has_failed:
            self._has_failed = True
            log.warning("%s: requests could not be checked: %s", self._destination.type, reason)
