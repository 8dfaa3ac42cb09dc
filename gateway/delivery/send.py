"""Send: events of one destination become requests, and responses become outcomes.

This is the only place where a destination's pure functions and the HTTP client meet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from destinations.base import Destination, Outcome, Request, Response, Unsendable
from gateway.delivery.policy import is_expired
from gateway.http.client import Ambiguous, Client, SendError
from gateway.queue.entry import Entry

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attempt:
    """One request, sent or not, with the entries that it carries and what came back.

    request: None when no request could be made. response: None when none came.
    outcomes: one for each entry. sent_at: Unix seconds.
    """

    entries: Sequence[Entry]
    request: Request | None
    response: Response | None
    outcomes: Sequence[Outcome]
    sent_at: float


Watch = Callable[[Attempt], None]
"""Is told of every attempt, also of those that are followed by another at once."""


def plan(
    destination: Destination[Any], entries: Sequence[Entry], max_age: timedelta, now: float
) -> Iterator[tuple[list[Entry], Request] | Attempt]:
    """Requests with the entries that they carry, and the attempts that end before they begin.

    An entry past `max_age` has expired; one that no request can be made of is rejected.
    """
    fresh: list[Entry] = []
    for entry in entries:
        if is_expired(_time_of(entry), now, max_age):
            hours = (now - _time_of(entry)) / 3600
            reason = f"{hours:.1f} hours old; the deadline is {max_age / timedelta(hours=1):g}"
            yield Attempt([entry], None, None, [Outcome("expired", reason)], now)
        else:
            fresh.append(entry)
    try:
        requests = list(destination.requests([entry.event for entry in fresh], now))
        _check_positions(requests, len(fresh))
    except Exception as error:
        yield from _plan_one_by_one(destination, fresh, max_age, now, error)
        return
    for made in requests:
        if isinstance(made, Unsendable):
            outcome = Outcome("rejected", made.reason)
            yield Attempt([fresh[made.event]], None, None, [outcome], now)
        else:
            yield [fresh[position] for position in made.events], made


def _time_of(entry: Entry) -> float:
    """When the event happened, or was received: a rule may have taken its time away."""
    timestamp = entry.event.get("timestamp")
    return timestamp if isinstance(timestamp, int | float) else entry.received_at


def _check_positions(requests: Sequence[Request | Unsendable], count: int) -> None:
    """Raises ValueError unless each event is in exactly one request, or is unsendable."""
    positions: list[int] = []
    for made in requests:
        positions += [made.event] if isinstance(made, Unsendable) else made.events
    if sorted(positions) != list(range(count)):
        raise ValueError("events are missing in the requests, or in several of them")


def _plan_one_by_one(
    destination: Destination[Any],
    entries: Sequence[Entry],
    max_age: timedelta,
    now: float,
    error: Exception,
) -> Iterator[tuple[list[Entry], Request] | Attempt]:
    """A fault in a destination's code costs the event that it trips over, not its neighbours."""
    if len(entries) == 1:
        log.error("%s cannot make a request: %s", destination.type, type(error).__name__)
        outcome = Outcome("rejected", f"no request could be made: {type(error).__name__}")
        yield Attempt(entries, None, None, [outcome], now)
        return
    for entry in entries:
        yield from plan(destination, [entry], max_age, now)


def response_record(
    destination: Destination[Any], response: Response | None
) -> dict[str, Any] | None:
    """`response` as it may be kept and shown: the start of its body, secrets masked."""
    if response is None:
        return None
    body = response.body[:2000].decode(errors="replace")
    return {"status": response.status, "body": destination.mask(body)}


class Sender:
    """Sends requests of one destination.

    client: None for a dry run: requests are built, and nothing is sent. tries: of each request
    before its entries wait for a later job. watch: see `Watch`. give_up: on events that may have
    been delivered, when the vendor would not recognise a repetition.
    """

    def __init__(
        self,
        destination: Destination[Any],
        client: Client | None,
        tries: int,
        max_age: timedelta,
        watch: Watch,
        give_up: bool = False,
    ) -> None:
        self._destination, self._client, self._max_age = destination, client, max_age
        self._tries, self._watch = tries, watch
        self._give_up = give_up
        self._stopping = False

    def stop(self) -> None:
        """Makes no further tries; what is under way comes to its end."""
        self._stopping = True

    async def send(self, entries: Sequence[Entry], request: Request) -> list[Attempt]:
        """The last attempt for each of `entries`, one attempt for all unless they were divided.

        A request of several events that is refused as a whole is halved, and so on, until the
        guilty event stands alone.
        """
        attempt = await self._attempt(entries, request)
        if self._may_try_again(attempt) and self._tries > 1:
            attempt = await self._try_again(attempt)
        if len(entries) > 1 and _is_refused_as_a_whole(attempt):
            middle = len(entries) // 2
            return await self._send_part(entries[:middle]) + await self._send_part(entries[middle:])
        return [attempt]

    async def _send_part(self, entries: Sequence[Entry]) -> list[Attempt]:
        attempts: list[Attempt] = []
        for planned in plan(self._destination, entries, self._max_age, time.time()):
            if isinstance(planned, Attempt):
                attempts.append(planned)
            else:
                attempts += await self.send(*planned)
        return attempts

    async def _attempt(self, entries: Sequence[Entry], request: Request) -> Attempt:
        sent_at = time.time()
        response: Response | None = None
        outcomes: Sequence[Outcome]
        if self._client is None:
            outcomes = [Outcome("delivered", "dry run: nothing was sent")] * len(entries)
        else:
            try:
                response = await self._client.send(request)
            except SendError as error:
                outcomes = [self._unanswered(entry, error, sent_at) for entry in entries]
            else:
                outcomes = self._read(request, response)
        attempt = Attempt(entries, request, response, outcomes, sent_at)
        self._watch(attempt)
        return attempt

    def _unanswered(self, entry: Entry, error: SendError, now: float) -> Outcome:
        """What becomes of an event of whose request nothing is known."""
        may_be_known = isinstance(error, Ambiguous) and self._give_up
        if may_be_known and not self._destination.recognises(entry.event, now - _time_of(entry)):
            reason = f"{error.reason}; it may have been delivered, and is not sent again"
            return Outcome("rejected", reason)
        return Outcome("retry", error.reason, "destination")

    def _read(self, request: Request, response: Response) -> Sequence[Outcome]:
        try:
            outcomes = list(self._destination.outcomes(request, response))
            if len(outcomes) != len(request.events):
                raise ValueError("not one outcome for each event")
            return outcomes
        except Exception as error:
            log.error("%s cannot read an answer: %s", self._destination.type, type(error).__name__)
            reason = f"HTTP {response.status}, and the answer cannot be read"
            return [Outcome("rejected", reason)] * len(request.events)

    async def _try_again(self, failed: Attempt) -> Attempt:
        # tenacity waits between tries, so the try that was made already counts as its first
        made: list[Attempt] = [failed]

        async def once_more() -> Attempt:
            if made:
                return made.pop()
            for planned in plan(self._destination, failed.entries, self._max_age, time.time()):
                if isinstance(planned, Attempt) or len(planned[0]) < len(failed.entries):
                    break  # an event has expired or no longer fits: the next job plans afresh
                return await self._attempt(*planned)
            return failed

        last: Attempt = await AsyncRetrying(
            stop=stop_after_attempt(self._tries),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            retry=retry_if_result(self._may_try_again),
            retry_error_callback=_last_result,
        )(once_more)
        return last

    def _may_try_again(self, attempt: Attempt) -> bool:
        """Nothing came of it, and there is no reason to wait longer."""
        return not self._stopping and all(
            outcome.result == "retry"
            and outcome.retry_after is None
            and outcome.scope != "configuration"
            for outcome in attempt.outcomes
        )


def _is_refused_as_a_whole(attempt: Attempt) -> bool:
    return all(
        outcome.result == "rejected" and outcome.scope == "request" for outcome in attempt.outcomes
    )


def _last_result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None
