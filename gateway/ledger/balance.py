"""The balance: compares what Redis and the ledger count for each destination, in total and by the
day on which events came in, also for later passages alone. Pure.

Redis may have counted before the ledger began, so its counts at that moment are the baseline of the
comparison. From then on the ledger must count what Redis counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.event.endings import FINAL_COUNTS
from gateway.ledger.totals import Ended, Totals, merged
from gateway.queue.counting import AGAIN
from gateway.queue.snapshot import Snapshot

COUNTED = ("accepted", *FINAL_COUNTS, "repeated")

_DROPPED = ("", "dropped")
_UNKNOWN = "unknown"

_Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of one destination. day: on which events came in, "" for all days. redis, ledger:
    what they count, by the names in `COUNTED`. waiting: events in its stream and held for it; None
    for one day and for later passages. unknown: events that were pending when the ledger began,
    whose endings it may not learn. later: the balance of later passages alone; None without any."""

    destination: str
    day: str
    redis: _Counts
    ledger: _Counts
    waiting: int | None
    unknown: int = 0
    later: Balance | None = None

    @property
    def is_empty(self) -> bool:
        """Whether neither has counted anything."""
        return not (any(self.redis.values()) or any(self.ledger.values()))

    @property
    def pending(self) -> int:
        """Accepted events that have not ended, as Redis counts them."""
        return _pending(self.redis)

    @property
    def problems(self) -> list[str]:
        """What does not balance, in words."""
        found = []
        if self.waiting is not None and self.pending != self.waiting:
            found.append(
                f"Redis counts {self.pending} pending events, but {self.waiting} are in the stream "
                "or held"
            )
        if not self._is_explained():
            found += self._differences()
        if self.later is not None:
            found += [f"later passages: {problem}" for problem in self.later.problems]
        return found

    def _differences(self) -> Iterator[str]:
        for name in COUNTED:
            if self.redis[name] != self.ledger[name]:
                yield f"{name}: Redis counts {self.redis[name]}, the ledger {self.ledger[name]}"

    def _is_explained(self) -> bool:
        """Whether the ledger only lacks endings of events that it does not know."""
        lacking = {name: self.redis[name] - self.ledger[name] for name in COUNTED}
        ended = [lacking[name] for name in FINAL_COUNTS]
        return (
            lacking["accepted"] == lacking["repeated"] == 0
            and min(ended) >= 0
            and sum(ended) <= self.unknown
        )


def baseline_of(snapshot: Snapshot, totals: Totals) -> Ended:
    """What Redis has counted and the ledger never will. snapshot, totals: from the moment when the
    ledger begins on a feed."""
    stored = totals.with_records(snapshot.records)
    baseline: Ended = Counter({_DROPPED: snapshot.dropped})
    for name, redis in snapshot.counts.items():
        ledger = merged(stored.counts, name)
        _begin(baseline, name, "", redis, ledger, snapshot.pending[name])
        for day, of_day in snapshot.days[name].items():
            ledger = merged(stored.days.get(day, {}), name)
            _begin(baseline, name, day, of_day, ledger, max(0, _pending(of_day)))
    return baseline


def _begin(
    baseline: Ended, name: str, day: str, redis: _Counts, ledger: _Counts, pending: int
) -> None:
    """Adds to the baseline the counts of a destination, or what differs on one day."""
    pending_again = max(0, _pending(_named(redis, AGAIN)))
    for part, pends in (("", pending), (AGAIN, pending_again)):
        counted, known = _named(redis, part), _named(ledger, part)
        numbers = {each: counted[each] - known[each] for each in COUNTED}
        numbers[_UNKNOWN] = max(0, pends - max(0, _pending(known)))
        for each, number in numbers.items():
            if number or not (day or part):
                baseline[name, _key(day, part + each)] = number


def balances_of(snapshot: Snapshot, totals: Totals, baseline: Ended) -> list[Balance]:
    """The balance of each destination in `snapshot`. totals: of the same moment."""
    counts = totals.with_records(snapshot.records).counts
    return [
        _balance(baseline, name, "", redis, merged(counts, name), snapshot.pending[name])
        for name, redis in snapshot.counts.items()
    ]


def daily_balances_of(
    snapshot: Snapshot, totals: Totals, baseline: Ended, first: str
) -> list[Balance]:
    """The balance of each destination for each day on which events came in for it, the newest day
    first. Days before Redis counted by day are left out.

    first: the first day for which the ledger keeps all counts, such as ``2026-11-30``.
    """
    stored = totals.with_records(snapshot.records).days
    made = [
        _balance(baseline, name, day, of_day, merged(stored.get(day, {}), name), None)
        for name, whole_from in snapshot.whole_from.items()
        for day, of_day in sorted(snapshot.days[name].items(), reverse=True)
        if day >= max(first, whole_from)
    ]
    return [each for each in made if not each.is_empty]


def _balance(
    baseline: Ended, name: str, day: str, redis: _Counts, ledger: _Counts, waiting: int | None
) -> Balance:
    later = _part(baseline, name, day, redis, ledger, AGAIN)
    whole = _part(baseline, name, day, redis, ledger, "")
    return replace(whole, waiting=waiting, later=None if later.is_empty else later)


def _part(
    baseline: Ended, name: str, day: str, redis: _Counts, ledger: _Counts, part: str
) -> Balance:
    """part: `AGAIN` for later passages alone, "" for all."""
    known = _named(ledger, part)
    return Balance(
        name,
        day,
        _named(redis, part),
        {each: known[each] + baseline[name, _key(day, part + each)] for each in COUNTED},
        None,
        baseline[name, _key(day, part + _UNKNOWN)],
    )


def _named(counts: _Counts, part: str) -> dict[str, int]:
    return {each: counts.get(part + each, 0) for each in COUNTED}


def _key(day: str, counted: str) -> str:
    """The key of a number in a baseline."""
    return f"{day} {counted}" if day else counted


def _pending(counts: _Counts) -> int:
    return counts.get("accepted", 0) - sum(counts.get(ending, 0) for ending in FINAL_COUNTS)


def dropped(snapshot: Snapshot, baseline: Ended) -> int:
    """Records that were left out since the ledger began."""
    return snapshot.dropped - baseline[_DROPPED]
