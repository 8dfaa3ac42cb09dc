"""Doubts: keeps the suspects of a drain, and carries out their trial.

Suspects are events with a response about the whole destination.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from destinations.base import Outcome
from gateway.delivery.breaker import Trip
from gateway.delivery.planning import Ended
from gateway.delivery.policy import MAX_LONE_TRIES, is_throttled, is_verdict
from gateway.delivery.send import Attempt, Result
from gateway.delivery.trial import Again, Another, Rest, Trial, age_order
from gateway.delivery.window import Window
from gateway.queue.entry import Entry
from gateway.queue.lease import Lease
from gateway.queue.read import Reader, Wait

Send = Callable[[Sequence[Entry]], Awaitable[Sequence[Result]]]
"""Sends entries now, and returns the results."""

Settle = Callable[[Sequence[Result]], None]


class Doubts:
    """The suspects of one drain, and the entries that their trial needs.

    admit: checks entries that were read, and returns those that may be sent.
    """

    def __init__(
        self,
        reader: Reader,
        lease: Lease,
        wait: Wait,
        window: Window,
        admit: Callable[[Sequence[Entry]], Awaitable[Sequence[Entry]]],
    ) -> None:
        self._reader = reader
        self._lease = lease
        self._wait = wait
        self._window = window
        self._admit = admit
        self._suspects: list[Attempt] = []
        self._earlier: Sequence[bytes] = ()

    def restore(self, ids: Sequence[bytes]) -> None:
        """Takes over the suspects that earlier drains left."""
        self._earlier = ids

    def add(self, results: Sequence[Result]) -> list[Result]:
        """Keeps the parts of `results` with suspects, and returns the rest."""
        refused, rest = split_by_verdict(results)
        self._suspects += refused
        return rest

    @property
    def entries(self) -> list[Entry]:
        """The suspects that wait for a trial."""
        return [entry for attempt in self._suspects for entry in attempt.entries]

    async def open_trial(self) -> Trial:
        """The trial of the suspects of this drain, or else of those that earlier drains left."""
        if self._suspects:
            suspects, self._suspects = self._suspects, []
            return Trial([each.entries for each in suspects], suspects[0].outcomes[0])
        earlier, self._earlier = self._earlier, ()
        found = await self._reader.take(earlier, await self._lease.others())
        return Trial([[entry] for entry in await self._admit(found)], None)

    async def read_others(self, waiting: Sequence[Entry]) -> list[Entry]:
        """Entries that are not suspects, oldest first: those `waiting` to be sent, and the next
        ones from the stream."""
        size = self._window.size
        found, _ = await self._reader.new(size, None)
        if not waiting and not found:
            found = await self._reader.due(
                self._wait, await self._lease.others(), size, self._window.ids
            )
        return sorted(await self._admit([*waiting, *found]), key=age_order)


async def hold_trial(
    trial: Trial, others: list[Entry], send: Send, settle: Settle, goes_on: Callable[[], bool]
) -> Trip | Rest | None:
    """Carries out `trial`. Returns the pause or rest that follows, or None.

    None means that no suspect is left, or that the trial was broken off. others: entries that are
    not suspects, oldest first; those that are sent are taken out. settle: called with the results
    of entries that are not suspects, or no longer. goes_on: whether to continue.
    """
    while goes_on() and (step := trial.next_step()) is not None:
        if isinstance(step, Another):
            end = await _send_another(trial, others, send, settle)
        else:
            end = await _send_again(trial, step, send, settle)
        if end is not None:
            return end
    return None


def split_by_verdict(results: Iterable[Result]) -> tuple[list[Attempt], list[Result]]:
    """Splits `results` into the parts whose outcomes are about the configuration (`is_verdict`),
    and the rest."""
    refused: list[Attempt] = []
    rest: list[Result] = []
    for result in results:
        if isinstance(result, Ended) or not any(map(is_verdict, result.outcomes)):
            rest.append(result)
        elif all(map(is_verdict, result.outcomes)):
            refused.append(result)
        else:
            refused.append(result.part(is_verdict))
            rest.append(result.part(lambda outcome: not is_verdict(outcome)))
    return refused, rest


def sent_alone(attempts: Iterable[Attempt]) -> list[bytes]:
    """The ids of the entries that were sent alone."""
    return [attempt.entries[0].id for attempt in attempts if len(attempt.entries) == 1]


def spend_try(result: Result) -> Result:
    """`result` with throttled outcomes limited to the event, so that they cost it a try.

    For requests of a trial and the first one after a pause: the vendor may throttle these events
    alone.
    """
    if isinstance(result, Ended) or not any(map(is_throttled, result.outcomes)):
        return result
    outcomes = [
        replace(each, scope="event") if is_throttled(each) else each for each in result.outcomes
    ]
    return replace(result, outcomes=outcomes)


def resting(entries: Iterable[Entry]) -> list[Entry]:
    """`entries`, to be handed back so that they wait as after a failed try, but not for hours: the
    configuration may be corrected at any time."""
    return [
        entry._replace(deliveries=min(entry.deliveries, MAX_LONE_TRIES) + 1) for entry in entries
    ]


async def _send_another(
    trial: Trial, others: list[Entry], send: Send, settle: Settle
) -> Trip | Rest | None:
    entry = others.pop() if others else trial.lend()
    if entry is None:
        return trial.nobody()
    refused, rest = split_by_verdict(await send([entry]))
    trip = _settle_rest(trial, rest, settle)
    for attempt in refused:
        trip = trial.judge_another(entry, attempt.outcomes[0])
    return trip


async def _send_again(trial: Trial, step: Again, send: Send, settle: Settle) -> Trip | Rest | None:
    refused, rest = split_by_verdict(await send(step.entries))
    end: Trip | Rest | None = _settle_rest(trial, rest, settle)
    for attempt in refused:
        follows = trial.judge_again(attempt.entries, attempt.outcomes[0])
        if isinstance(follows, Outcome):
            settle([replace(attempt, outcomes=[follows])])
        else:
            end = end or follows
    return end


def _settle_rest(trial: Trial, rest: Sequence[Result], settle: Settle) -> Trip | None:
    trips = [trial.judge(each.outcomes) for each in rest if isinstance(each, Attempt)]
    settle([spend_try(each) for each in rest])
    return next(filter(None, trips), None)
