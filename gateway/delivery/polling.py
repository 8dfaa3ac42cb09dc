"""Polling: asks a vendor that answers later what became of submitted events.

A poll costs no try. The next poll follows when the request is twice as old, but at least
`MIN_WAIT_SECONDS` later. The destination sets the least time between polls.

After `DEADLINE_SECONDS` the vendor is asked once more. If it still has no verdict, the events end
as delivered, with a warning, since the vendor has accepted them. If that poll fails, for instance
because a token is wrong, it is repeated until `LAST_SECONDS` after the request.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from destinations.base import Destination, Outcome, Request, Response
from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.accounting import Accounting
from gateway.delivery.breaker import Trip
from gateway.delivery.policy import takes_nothing_now
from gateway.delivery.warnings import keep_warnings
from gateway.http.client import Client, SendError
from gateway.queue.entry import Entry
from gateway.queue.read import Reader
from gateway.queue.submitted import NO_ENTRY, Ticket, Tickets

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 86_400.0
LAST_SECONDS = 3 * 86_400.0
MIN_WAIT_SECONDS = 60.0
OVERDUE_WAIT_SECONDS = 3600.0
"""Between two polls after the deadline."""
BRIEF_SECONDS = 10.0
"""How long a drain polls that ends because the destination takes no events."""
RESERVED_SECONDS = 300.0
"""How long a ticket is reserved for this drain. If it is killed, another drain takes the ticket
then."""

NO_VERDICT = "the vendor accepted it and gave no verdict within 24 hours"
NO_ANSWER = "the vendor accepted it and could not be asked for its verdict within 72 hours"
TOO_MANY = "the vendor accepted it; its verdict was not awaited, as too many wait"


class Polling:
    """The polls of one drain.

    client: None for a dry run, which asks nothing. settings: limit how many events may wait for a
    verdict. on_trip: called when a verdict is about the whole destination.
    """

    def __init__(
        self,
        destination: Destination[Any],
        client: Client | None,
        reader: Reader,
        tickets: Tickets,
        accounting: Accounting,
        settings: DeliverySettings,
        on_trip: Callable[[Trip], None],
    ) -> None:
        self._destination = destination
        self._client = client
        self._reader = reader
        self._tickets = tickets
        self._accounting = accounting
        self._settings = settings
        self._on_trip = on_trip
        self._stopped = False
        self._is_at_work = False

    def stop(self) -> None:
        """Starts no further polls; the one under way is completed."""
        self._stopped = True

    async def poll(self, seconds: float = inf) -> None:
        """Asks about the tickets that are due, one after the other. Starts none after `seconds`.
        Returns at once if polling is already under way. Raises what Redis raised."""
        if self._is_at_work:
            return
        self._is_at_work = True
        until = time.monotonic() + seconds
        try:
            while not self._stopped and time.monotonic() < until:
                ticket = await self._take()
                if ticket is None:
                    return
                await self._settle(ticket)
        finally:
            self._is_at_work = False

    async def _take(self) -> Ticket | None:
        spacing = self._destination.limits.poll_every.total_seconds()
        bounds = self._settings.max_submitted, self._settings.max_submitted_bytes
        return await self._tickets.take(RESERVED_SECONDS, spacing, LAST_SECONDS, *bounds)

    async def _settle(self, ticket: Ticket) -> None:
        question = None if ticket.ends or self._client is None else self._question(ticket)
        response = None if question is None else await self._ask(question)
        told = self._read(ticket, response)
        if ticket.ends or _is_last(ticket, question, response):
            taken = Outcome("delivered", warnings=(_last_words(ticket),))
            told = [each or taken for each in told]
        verdicts = {
            entry_id: outcome
            for entry_id, outcome in zip(ticket.rows, told, strict=True)
            if entry_id != NO_ENTRY and outcome is not None
        }
        entries: Sequence[Entry] = ()
        if verdicts:
            entries = await self._reader.submitted(
                [each for each in ticket.rows if each in verdicts]
            )
        await self._accounting.resolve(ticket, entries, verdicts, response, _again_in(ticket.age))
        self._heed(verdicts)

    async def _ask(self, question: Request) -> Response | None:
        """The vendor's response; None if there is none."""
        assert self._client is not None
        now = time.time()
        try:
            response = await self._client.send(question)
        except SendError as error:
            self._accounting.count_poll(now, error.reason)
            return None
        is_answer = 200 <= response.status < 300
        self._accounting.count_poll(now, "" if is_answer else f"HTTP {response.status}")
        return response

    def _question(self, ticket: Ticket) -> Request | None:
        try:
            return self._destination.poll(ticket.ticket)
        except Exception as error:
            self._log_fault("ask for verdicts", error)
            return None

    def _log_fault(self, what: str, error: Exception) -> None:
        log.error("%s could not %s: %s", self._destination.type, what, type(error).__name__)

    def _read(self, ticket: Ticket, response: Response | None) -> Sequence[Outcome | None]:
        """The verdict on each row of `ticket`; None where there is none yet."""
        rows = len(ticket.rows)
        if response is None:
            return [None] * rows
        try:
            told = list(self._destination.verdicts(ticket.ticket, rows, response))
            if len(told) != rows:
                raise ValueError("the destination must return one verdict for each event")
            return [each and _kept(self._destination, each) for each in told]
        except Exception as error:
            self._log_fault("read verdicts", error)
            return [None] * rows

    def _heed(self, verdicts: Mapping[bytes, Outcome]) -> None:
        """Pauses the destination if a verdict says that it takes nothing now."""
        for outcome in verdicts.values():
            if outcome.result == "retry" and takes_nothing_now(outcome):
                self._on_trip(Trip(outcome.reason, outcome.retry_after))
                return


def _again_in(age: float) -> float:
    """Seconds until the next poll about a request of this age."""
    if age >= DEADLINE_SECONDS:
        return OVERDUE_WAIT_SECONDS
    return min(max(age, MIN_WAIT_SECONDS), DEADLINE_SECONDS - age)


def _is_last(ticket: Ticket, question: Request | None, response: Response | None) -> bool:
    """Whether events without a verdict end now: the deadline is over, and the poll did not fail."""
    if ticket.age < DEADLINE_SECONDS:
        return False
    return question is None or (response is not None and not _says_nothing(response.status))


def _says_nothing(status: int) -> bool:
    """Whether the poll failed with `status`, so that the vendor may still have a verdict."""
    return status in (401, 403, 408, 429) or status >= 500


def _last_words(ticket: Ticket) -> str:
    if not ticket.ends:
        return NO_VERDICT
    return NO_ANSWER if ticket.age >= LAST_SECONDS else TOO_MANY


def _kept(destination: Destination[Any], outcome: Outcome) -> Outcome | None:
    """`outcome` as it may be kept. None for `submitted`, which is no verdict."""
    if outcome.result == "submitted":
        return None
    return keep_warnings(destination, [replace(outcome, ticket="")])[0]
