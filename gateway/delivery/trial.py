"""The trial: finds out whether a response is about the whole destination or only about its events.

A vendor that responds with 401 or 404 seems to take nothing until the configuration is corrected.
But some receivers respond like this to one event and take all others. So the events with such a
response, called the verdict here, are suspects until the trial has shown what is at fault:

    1. Another event, the newest one, is sent alone. If it gets such a verdict too, the destination
       is at fault and is paused.
    2. If it is accepted, the suspects are sent once more. A batch that gets the verdict again is
       halved. A single event that gets it again is at fault and is rejected.

If there is no other event, a single suspect rests: it waits as after any failure, and the trial
continues when the next event arrives.

Requests that were under way when the verdict came prove nothing, since a token may have become
invalid in the meantime. After one accepted event, up to `FAILURES_BEFORE_PAUSE` suspects may be
rejected; then another event is sent.

A pure state machine: it says what to send, and gets the outcomes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from destinations.base import Outcome
from gateway.delivery.breaker import Trip
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE, is_verdict
from gateway.queue.entry import Entry

_ABOUT_IT = "about this event: the destination accepted another one and rejected this one twice"


@dataclass(frozen=True, slots=True)
class Another:
    """Send the newest event that is not a suspect, alone. Then call `judge_another` if it gets a
    verdict, `judge` if not, or `nobody` if there is no such event."""


@dataclass(frozen=True, slots=True)
class Again:
    """Send these suspects once more. Then call `judge_again` for those that get the verdict again,
    and `judge` for the others."""

    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Rest:
    """The trial has no result yet: the only suspect waits for its next try or for another event."""


def age_order(entry: Entry) -> tuple[int, ...]:
    """A key that sorts entries, the oldest first."""
    return tuple(map(int, entry.id.split(b"-")))


class Trial:
    """The trial of `suspects`, each of them the entries of one request.

    verdict: the outcome of the suspects; None if they got it in an earlier drain.
    """

    def __init__(self, suspects: Iterable[Sequence[Entry]], verdict: Outcome | None) -> None:
        self._suspects = deque(suspects)
        self._verdict = verdict
        self._credit = 0
        """How many more suspects may be rejected before another event has to be accepted."""
        self._is_alone = False
        self.is_proven = False
        """Whether an event was accepted, so that the destination takes events."""

    def next_step(self) -> Another | Again | None:
        """What to do next; None when no suspect is left."""
        if not self._suspects:
            return None
        if self._credit or self._is_alone:
            return Again(self._suspects.popleft())
        return Another()

    @property
    def suspects(self) -> list[Entry]:
        """The suspects that are left."""
        return [entry for entries in self._suspects for entry in entries]

    @property
    def single_suspects(self) -> list[bytes]:
        """The ids of the suspects that are left and are not part of a batch."""
        return [entries[0].id for entries in self._suspects if len(entries) == 1]

    def lend(self) -> Entry | None:
        """Takes the newest entry out of the batches of suspects, to serve as the other event; None
        if there is no batch."""
        batches = [entries for entries in self._suspects if len(entries) > 1]
        if not batches:
            return None
        batch = max(batches, key=lambda entries: age_order(entries[-1]))
        self._suspects[self._suspects.index(batch)] = batch[:-1]
        return batch[-1]

    def nobody(self) -> Trip | Rest | None:
        """Continues without another event. Suspects of an earlier drain are sent again first."""
        if self._verdict is not None:
            return self._refused_all(self._verdict)
        self._is_alone = True
        return None

    def judge_another(self, entry: Entry, outcome: Outcome) -> Trip | None:
        """A pause if the outcome of the other event is about the destination."""
        if is_verdict(outcome):
            self._suspects.append([entry])
            return Trip(outcome.reason, outcome.retry_after)
        return self.judge([outcome])

    def judge_again(
        self, entries: Sequence[Entry], verdict: Outcome
    ) -> Trip | Rest | Outcome | None:
        """What follows when suspects get the verdict again: a pause, a rest, the ending of a single
        one, or nothing yet."""
        if self._is_alone:
            self._suspects.appendleft(entries)
            return self._refused_all(verdict)
        if len(entries) > 1:
            middle = len(entries) // 2
            self._suspects.extendleft([entries[middle:], entries[:middle]])
            return None
        self._credit -= 1
        return Outcome("rejected", f"{verdict.reason} ({_ABOUT_IT})")

    def judge(self, outcomes: Iterable[Outcome]) -> Trip | None:
        """A pause if one of `outcomes`, none of which is the verdict, is about the destination. An
        accepted event shows that the destination takes events; a rejected one does not."""
        for outcome in outcomes:
            if outcome.result in ("delivered", "submitted"):
                self._credit, self._is_alone = FAILURES_BEFORE_PAUSE, False
                self.is_proven = True
            elif outcome.result == "retry" and outcome.scope == "destination":
                return Trip(outcome.reason, outcome.retry_after)
        return None

    def _refused_all(self, verdict: Outcome) -> Trip | Rest:
        """A pause if several suspects are left, since they confirm each other; otherwise a rest."""
        if len(self.suspects) > 1:
            return Trip(verdict.reason, verdict.retry_after)
        return Rest()
