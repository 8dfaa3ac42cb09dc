"""Polling: asks a vendor that answers later what became of the events that it has.

A question costs no try of an event. The next one comes when the request is twice as old, at least
`MIN_WAIT_SECONDS` later; the destination says how far apart questions have to be. After
`DEADLINE_SECONDS` without a verdict an event ends as delivered, with a warning: the vendor has
accepted it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
MIN_WAIT_SECONDS = 60.0
RESERVED_SECONDS = 300.0
"""For how long no other drain takes a ticket. If this one is killed, it is asked about then."""

NO_VERDICT = "the vendor accepted it and gave no verdict within 24 hours"
TOO_MANY = "the vendor accepted it; its verdict was not awaited, as too many wait"


class Polling:
    """The questions of one drain. client: None for a dry run: nothing is asked. settings: how many
    events may wait for a verdict. on_trip: called when a verdict is about the whole destination."""

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
        self.is_at_work = False

    def stop(self) -> None:
        """Asks no further question; one that is under way comes to its end."""
        self._stopped = True

    async def poll(self) -> None:
        """Asks about each ticket that is due, one after the other. Raises what Redis raised."""
        self.is_at_work = True
        try:
            while not self._stopped and (ticket := await self._take()) is not None:
                await self._settle(ticket)
        finally:
            self.is_at_work = False

    async def _take(self) -> Ticket | None:
        spacing = self._destination.limits.poll_every.total_seconds()
        bounds = self._settings.max_submitted, self._settings.max_submitted_bytes
        return await self._tickets.take(RESERVED_SECONDS, spacing, DEADLINE_SECONDS, *bounds)

    async def _settle(self, ticket: Ticket) -> None:
        response = None if ticket.ends else await self._ask(ticket)
        told = self._read(ticket, response)
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
        again_in = min(max(ticket.age, MIN_WAIT_SECONDS), max(0.0, DEADLINE_SECONDS - ticket.age))
        await self._accounting.resolve(ticket, entries, verdicts, response, again_in)
        self._heed(verdicts)

    async def _ask(self, ticket: Ticket) -> Response | None:
        """The vendor's answer; None without one."""
        request = self._question(ticket)
        if request is None or self._client is None:
            return None
        now = time.time()
        try:
            response = await self._client.send(request)
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
        """What is known of each row of `ticket`."""
        rows = len(ticket.rows)
        if ticket.ends:
            words = NO_VERDICT if ticket.age >= DEADLINE_SECONDS else TOO_MANY
            return [Outcome("delivered", warnings=(words,))] * rows
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


def _kept(destination: Destination[Any], outcome: Outcome) -> Outcome | None:
    """`outcome` as it may be kept. What is submitted once more has no verdict."""
    if outcome.result == "submitted":
        return None
    return keep_warnings(destination, [replace(outcome, ticket="")])[0]
