"""The trial: finds out whether an outcome applies to the destination or only to these events.

A vendor that answers 401 or 404 seems to take nothing until somebody mends the configuration. Some
receivers answer one event so and take all others. So the events that got the verdict are suspects,
until it is known what it is about:

    1. Another event, the newest one, is sent alone. If it gets such a verdict too, the verdict is
       about the destination, which is paused.
    2. If it is taken, the suspects are sent once more. A batch that gets the verdict again is
       halved. A single event that gets it again is to blame: it is rejected.

Without another event a single suspect rests: it waits as after any failure, and the trial goes on
when the next event comes.

A request that was under way when the verdict came proves nothing, since a token may have become
invalid in the meantime. One event that is taken proves enough for `FAILURES_BEFORE_PAUSE` events in
a row that are not; for more of them another event is sent.

A pure state machine: it says what to send, and is told the answers.
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
    """Send the newest event that is no suspect, alone. Then call `judge_another`, or `nobody`."""


@dataclass(frozen=True, slots=True)
class Again:
    """Send these suspects once more. Then call `judge_again` for those that get the verdict again,
    and `judge` for the others."""

    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is known yet: the only suspect waits for its next try or for another event."""


def age_order(entry: Entry) -> tuple[int, ...]:
    """A key that sorts entries, the oldest first."""
    return tuple(map(int, entry.id.split(b"-")))


class Trial:
    """The trial of `suspects`, each of them the entries of one request.

    verdict: what the vendor said; None if it said so to an earlier drain.
    """

    def __init__(self, suspects: Iterable[Sequence[Entry]], verdict: Outcome | None) -> None:
        self._suspects = deque(suspects)
        self._verdict = verdict
        self._credit = 0
        """How many more events may be found to blame before another has to be taken."""
        self._is_alone = False

    def next_step(self) -> Another | Again | None:
        """What to do next; None when the trial is over and the destination takes events."""
        if not self._suspects:
            return None
        if self._credit or self._is_alone:
            return Again(self._suspects.popleft())
        return Another()

    @property
    def suspects(self) -> list[Entry]:
        """Those that are left."""
        return [entry for entries in self._suspects for entry in entries]

    @property
    def single_suspects(self) -> list[bytes]:
        """The ids of those left that were sent alone, so that each got the verdict itself."""
        return [entries[0].id for entries in self._suspects if len(entries) == 1]

    def lend(self) -> Entry | None:
        """The newest entry of all batches, no suspect any more, which may serve as another."""
        batches = [entries for entries in self._suspects if len(entries) > 1]
        if not batches:
            return None
        batch = max(batches, key=lambda entries: age_order(entries[-1]))
        self._suspects[self._suspects.index(batch)] = batch[:-1]
        return batch[-1]

    def nobody(self) -> Trip | Rest | None:
        """There is no other event. If the verdict was given to an earlier drain, a suspect goes
        first."""
        if self._verdict is not None:
            return self._refused_all(self._verdict)
        self._is_alone = True
        return None

    def judge_another(self, entry: Entry, outcome: Outcome) -> Trip | None:
        """A pause if the other event is not taken because of the destination."""
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
        event that is taken shows that the destination takes events; a refused one does not."""
        for outcome in outcomes:
            if outcome.result in ("delivered", "submitted"):
                self._credit, self._is_alone = FAILURES_BEFORE_PAUSE, False
            elif outcome.result == "retry" and outcome.scope == "destination":
                return Trip(outcome.reason, outcome.retry_after)
        return None

    def _refused_all(self, verdict: Outcome) -> Trip | Rest:
        """Several events that are refused alike confirm each other."""
        if len(self.suspects) > 1:
            return Trip(verdict.reason, verdict.retry_after)
        return Rest()
