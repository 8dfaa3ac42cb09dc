"""The breaker: stops sending to a destination that fails as a whole, then probes it.

    closed     Requests go on. `FAILURES_BEFORE_PAUSE` failures in a row open it; a throttled
               request opens it at once.
    doubting   A response concerned the whole destination, such as a wrong token. Only requests of
               the trial start until it is known whether the event alone was to blame
               (`gateway.delivery.trial`).
    open       No request starts until the pause is over. Responses to earlier requests change
               nothing.
    half-open  One request may start, as the probe.
    probing    No other request starts. The probe's success closes the breaker, its failure opens
               it. Without a response, such as for an event that ended unsent, another request is
               the probe.

A pure state machine with an injected clock: it decides, and the drain carries out its decisions. A
pause applies to all drains of a destination, so it is kept in Redis. Redis also counts the pauses
in a row, and each one lasts longer than the one before (`gateway.queue.pause`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Literal

from destinations.base import Outcome
from gateway.delivery.policy import (
    FAILURES_BEFORE_PAUSE,
    is_throttled,
    is_verdict,
    takes_nothing_now,
)
from gateway.delivery.send import Attempt, Result

State = Literal["closed", "doubting", "open", "half-open", "probing"]


@dataclass(frozen=True, slots=True)
class Trip:
    """Pause the destination.

    reason: in the vendor's words. asked: the pause that the vendor asks for, in seconds; the pause
    is at least that long.
    """

    reason: str
    asked: float | None


@dataclass(frozen=True, slots=True)
class Resume:
    """The probe succeeded: reset the number of pauses in a row."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The events that got this response are suspects: send no other request, and begin a trial."""


class Breaker:
    """The breaker of one destination, as one drain knows it. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state: State = "closed"
        self._failures = 0
        self._open_until = 0.0

    @property
    def state(self) -> State:
        if self._state == "open" and self._clock() >= self._open_until:
            self._state = "half-open"
        return self._state

    def restore(self, paused: bool, probing: bool, suspected: bool = False) -> None:
        """Takes over the state from Redis. probing: no success since the last pause. suspected:
        suspects of earlier drains are noted."""
        if paused:
            self.pause()
        elif suspected:
            self._state = "doubting"
        elif probing:
            self._state = "half-open"

    def pause(self, seconds: float = inf) -> None:
        """Opens the breaker for `seconds`; by default without an end, until the length is known."""
        self._state = "open"
        self._open_until = self._clock() + seconds

    def end_doubt(self, proven: bool) -> None:
        """Ends the doubt. proven: the destination takes events; if false, a probe goes first."""
        self._state = "closed" if proven else "half-open"
        self._failures = 0

    def allowance(self, most: int) -> int:
        """How many events may be at work at once. most: the number while it is closed."""
        state = self.state
        if state == "closed":
            return most
        return 0 if state in ("open", "doubting") else 1

    def admit(self) -> bool:
        """Whether a request may start now. If so, call `judge` after its response."""
        state = self.state
        if state == "half-open":
            self._state = "probing"
            return True
        return state == "closed"

    def judge(
        self, failure: Outcome | None, is_answered: bool = True
    ) -> Trip | Resume | Doubt | None:
        """What to do after the response to a request; None to go on.

        failure: what `whole_failure` found in its results; None counts as a success if the request
        `is_answered`, and as nothing if not.
        """
        state = self.state
        if state in ("open", "half-open"):
            return None
        if state == "doubting":
            return self._judge_in_doubt(failure)
        if failure is None and not is_answered:
            self._state = "half-open" if state == "probing" else state
            return None
        if failure is None:
            self._failures = 0
            self._state = "closed"
            return Resume() if state == "probing" else None
        self._failures += 1
        if state == "closed":
            if is_verdict(failure) and failure.retry_after is None:
                self._state = "doubting"
                return Doubt()
            if not self._is_enough(failure):
                return None
        self.pause()
        return Trip(failure.reason, failure.retry_after)

    def _judge_in_doubt(self, failure: Outcome | None) -> Trip | Doubt | None:
        """Judges the response to a request that was under way when the doubt began."""
        if failure is None:
            return None
        if is_verdict(failure):
            return Doubt()
        if is_throttled(failure):
            self.pause()
            return Trip(failure.reason, failure.retry_after)
        return None

    def _is_enough(self, failure: Outcome) -> bool:
        return takes_nothing_now(failure) or self._failures >= FAILURES_BEFORE_PAUSE


def whole_failure(results: Iterable[Result]) -> Outcome | None:
    """The first outcome in `results` that blames the destination, not an event or a request."""
    for result in results:
        if isinstance(result, Attempt):
            for outcome in result.outcomes:
                if outcome.result == "retry" and outcome.scope in ("destination", "configuration"):
                    return outcome
    return None
