"""Send: sends a request, tries it again, and turns responses into outcomes.

This is the only place where a destination's pure functions and the HTTP client meet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from destinations.base import Destination, Outcome, Request, Response, Scope
from gateway.credentials import NotAuthorised
from gateway.delivery.checks import Checks
from gateway.delivery.planning import (
    Ended,
    IsErased,
    Shipment,
    none_erased,
    plan,
    time_of,
)
from gateway.delivery.policy import SendPolicy, is_expired
from gateway.delivery.warnings import keep_warnings
from gateway.http.client import Ambiguous, Client, Invalid, SendError
from gateway.queue.entry import Entry

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attempt:
    """One request that was sent, with the entries that it carries and what came back.

    response: None when none came. outcomes: one for each entry. sent_at: Unix seconds. carried: all
    entries of the request, if this is a part of the attempt.
    """

    entries: Sequence[Entry]
    request: Request
    response: Response | None
    outcomes: Sequence[Outcome]
    sent_at: float
    carried: Sequence[Entry] = ()

    def part(self, belongs: Callable[[Outcome], bool]) -> Attempt:
        """The part for the entries whose outcomes belong to it."""
        pairs = zip(self.entries, self.outcomes, strict=True)
        chosen = [pair for pair in pairs if belongs(pair[1])]
        return replace(
            self,
            entries=[entry for entry, _ in chosen],
            outcomes=[outcome for _, outcome in chosen],
            carried=self.carried or self.entries,
        )


MAX_TICKET = 1000
"""Maximum length of a ticket, in characters."""

AttemptObserver = Callable[[Attempt], None]
"""Called with every attempt, even if another follows at once."""
TakeTurn = Callable[[int], Awaitable[bool]]
"""Waits until a request with so many events may start; False if it may not start any more."""
Result = Attempt | Ended
"""An attempt for its entries, or an entry that ended unsent."""


Admit = Callable[[Sequence[Entry]], Awaitable[Sequence[Entry]]]
"""Checks entries, ends those that may not be sent any more, and returns the others."""

FRESH_SECONDS = 1.0
"""Entries that have waited longer for their request are checked again."""


async def at_once(_: int) -> bool:
    return True


async def admit_all(entries: Sequence[Entry]) -> Sequence[Entry]:
    return entries


class Sent(NamedTuple):
    """The result of sending one shipment.

    results: the last attempt, for the entries that are not sent again, and entries that ended
    unsent. parts: shipments that carry the other entries. is_answered: whether the vendor
    responded; true of all that a dry run would have sent.
    """

    results: list[Result]
    parts: list[Shipment]
    is_answered: bool = False


def highest_usage(results: Sequence[Result]) -> float | None:
    """The highest percentage of the vendor's limit that a response says is used; None if none
    says so."""
    usages = [each.outcomes[0].usage for each in results if isinstance(each, Attempt)]
    return max((usage for usage in usages if usage is not None), default=None)


class Sender:
    """Sends requests of one destination.

    client: None for a dry run: requests are built, and nothing is sent.
    """

    def __init__(
        self,
        destination: Destination[Any],
        client: Client | None,
        policy: SendPolicy,
        watch: AttemptObserver,
        is_erased: IsErased = none_erased,
        admit: Admit = admit_all,
    ) -> None:
        self._destination = destination
        self._client = client
        self._checks = Checks(destination, client) if client else None
        self._policy = policy
        self._watch = watch
        self._is_erased = is_erased
        self._admit = admit
        self._stopping = False

    def stop(self) -> None:
        """Makes no further tries; requests under way are completed."""
        self._stopping = True

    def plan(self, entries: Sequence[Entry]) -> Iterator[Shipment | Ended]:
        """The requests that carry `entries` now, and the entries that end unsent."""
        max_age = self._policy.max_age
        return plan(self._destination, entries, max_age, time.time(), self._is_erased)

    async def send(self, shipment: Shipment, take_turn: TakeTurn = at_once) -> Sent:
        """Sends the request of `shipment`, and calls `take_turn` before each further try. If
        persons were erased or have withdrawn consent, or events have expired, while it waited, the
        rest is planned again, and the first request of that plan is sent. No further try is made
        for these reasons either.

        If a request of several events is refused as a whole, `parts` has its two halves; they are
        halved in turn, until the faulty event is alone. If the response names the faulty events,
        these end, and the halves carry the others.
        """
        sent, entries = Sent([], [shipment]), shipment.entries
        has_waited = time.monotonic() - shipment.planned_at > FRESH_SECONDS
        if has_waited:
            entries = await self._admit(entries)
        if (
            len(entries) < len(shipment.entries)
            or any(map(self._is_erased, entries))
            or (has_waited and any(map(self._is_late, entries)))
        ):
            sent = self._divide([entries], shipment.part_of)
        if not sent.parts:
            return sent
        attempt = await self._attempt(sent.parts.pop(0))
        if self._policy.tries > 1 and self._may_try_again(attempt):
            attempt = await self._try_again(attempt, take_turn)
        ended, others = _ended_and_others(attempt)
        if ended.entries:
            sent.results.append(ended)
        if others:
            middle = len(others) // 2
            halves = self._divide([others[:middle], others[middle:]], shipment.part_of or object())
            sent = Sent(sent.results + halves.results, halves.parts + sent.parts)
        return sent._replace(is_answered=self._client is None or attempt.response is not None)

    def _is_late(self, entry: Entry) -> bool:
        return is_expired(time_of(entry), time.time(), self._policy.max_age(entry.event))

    def _divide(self, parts: Sequence[Sequence[Entry]], part_of: object | None) -> Sent:
        """Plans each of the `parts` of one shipment by itself."""
        divided = Sent([], [])
        for planned in (each for part in parts for each in self.plan(part)):
            if isinstance(planned, Ended):
                divided.results.append(planned)
            else:
                planned.part_of = part_of
                divided.parts.append(planned)
        return divided

    async def _attempt(self, shipment: Shipment) -> Attempt:
        entries, request = shipment.entries, shipment.request
        sent_at = time.time()
        response: Response | None = None
        outcomes: Sequence[Outcome]
        if self._client is None or self._checks is None:
            outcomes = [Outcome("delivered", "dry run: nothing was sent")] * len(entries)
        else:
            check = self._checks.begin(request)
            try:
                response = await self._client.send(request)
            except SendError as error:
                outcomes = [self._unanswered(entry, error, sent_at) for entry in entries]
            else:
                outcomes = self._read(request, response)
            if check is not None:
                outcomes = await self._checks.warn(check, outcomes)
        attempt = Attempt(entries, request, response, outcomes, sent_at)
        self._watch(attempt)
        return attempt

    def _unanswered(self, entry: Entry, error: SendError, now: float) -> Outcome:
        """The outcome of an event whose request got no response."""
        if isinstance(error, Invalid):  # the fault of an event, not of the destination
            return Outcome("rejected", error.reason, "request")
        gives_up = self._policy.give_up or self._destination.sends_once
        may_be_known = isinstance(error, Ambiguous) and gives_up
        if may_be_known and not self._recognises(entry, now):
            reason = f"{error.reason}; the event may have been delivered and is not sent again"
            return Outcome("rejected", reason)
        scope: Scope = "configuration" if isinstance(error, NotAuthorised) else "destination"
        return Outcome("retry", error.reason, scope)

    def _recognises(self, entry: Entry, now: float) -> bool:
        try:
            return self._destination.recognises(entry.event, now - time_of(entry))
        except Exception as error:
            kind, words = self._destination.type, "could not say if the vendor recognises an event"
            log.error("%s %s: %s", kind, words, type(error).__name__)
            return False

    def _read(self, request: Request, response: Response) -> Sequence[Outcome]:
        try:
            outcomes = list(self._destination.outcomes(request, response))
            if len(outcomes) != len(request.events):
                raise ValueError("the destination must return one outcome for each event")
            return keep_warnings(self._destination, [*map(_with_ticket, outcomes)])
        except Exception as error:
            log.error(
                "%s could not read a response: %s", self._destination.type, type(error).__name__
            )
            reason = f"HTTP {response.status}; the response could not be read"
            return [Outcome("rejected", reason)] * len(request.events)

    async def _try_again(self, failed: Attempt, take_turn: TakeTurn) -> Attempt:
        # tenacity waits between tries, so it gets the attempt that was made as its first try
        made: list[Attempt] = [failed]

        async def once_more() -> Attempt | None:
            if made:
                return made.pop()
            if not await take_turn(len(failed.entries)):
                return None
            if len(await self._admit(failed.entries)) < len(failed.entries):
                return None  # the others wait for the next job
            for planned in self.plan(failed.entries):
                if isinstance(planned, Ended) or len(planned.entries) < len(failed.entries):
                    break  # an event has expired or no longer fits: the next job plans again
                return await self._attempt(planned)
            return None

        last: Attempt | None = await AsyncRetrying(
            stop=stop_after_attempt(self._policy.tries),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            retry=retry_if_result(self._may_try_again),
            retry_error_callback=_last_result,
        )(once_more)
        return last or failed

    def _may_try_again(self, attempt: Attempt | None) -> bool:
        """Whether every event may be tried again, and nothing asks for a longer wait. attempt: None
        if the last try was not made."""
        if attempt is None or self._stopping:
            return False
        return all(
            outcome.result == "retry"
            and outcome.retry_after is None
            and outcome.scope != "configuration"
            for outcome in attempt.outcomes
        )


def _with_ticket(outcome: Outcome) -> Outcome:
    """`outcome`; if it is submitted without a usable ticket, delivered with a warning instead."""
    if outcome.result != "submitted":
        return outcome
    ticket = outcome.ticket
    if 0 < len(ticket) <= MAX_TICKET and ticket.isprintable():
        return outcome
    warning = "the vendor accepted it, and gave no usable ticket to ask for its verdict"
    return Outcome("delivered", warnings=(*outcome.warnings, warning))


def _ended_and_others(attempt: Attempt) -> tuple[Attempt, Sequence[Entry]]:
    """Splits `attempt` into the part for entries with an outcome of their own, and the entries that
    were refused only because the whole request was."""
    outcomes = attempt.outcomes
    if len(outcomes) == 1 or not any(map(_is_of_the_request, outcomes)):
        return attempt, []
    ended = attempt.part(lambda outcome: not _is_of_the_request(outcome))
    return ended, attempt.part(_is_of_the_request).entries


def _is_of_the_request(outcome: Outcome) -> bool:
    return outcome.result == "rejected" and outcome.scope == "request"


def _last_result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None
