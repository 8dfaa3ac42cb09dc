"""The balance: what Redis counts for each destination against what the ledger counts. Pure.

Redis may have counted before the ledger began, so that its counts at that moment are the baseline
of the comparison. From then on the ledger must count what Redis counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.ledger.totals import Ended, Totals, merged
from gateway.queue.snapshot import Snapshot

ENDINGS = ("withheld", "delivered", "rejected", "expired")
COUNTED = ("accepted", *ENDINGS, "repeated")

_DROPPED = ("", "dropped")
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one destination. redis, ledger: what they count, by the names in `COUNTED`. waiting:
    events in its stream, and held for it. unknown: events that were pending when the ledger began,
    of which it does not learn how they end."""

    destination: str
    redis: Mapping[str, int]
    ledger: Mapping[str, int]
    waiting: int
    unknown: int = 0

    @property
    def pending(self) -> int:
        """Accepted events that have not ended, as Redis counts them."""
        return self.redis["accepted"] - sum(self.redis[name] for name in ENDINGS)

    @property
    def problems(self) -> list[str]:
        """What does not balance, in words."""
        found = []
        if self.pending != self.waiting:
            found.append(
                f"Redis counts {self.pending} pending events, but {self.waiting} are in the stream "
                "or held"
            )
        if not self._is_explained():
            found += self._differences()
        return found

    def _differences(self) -> Iterator[str]:
        for name in COUNTED:
            if self.redis[name] != self.ledger[name]:
                yield f"{name}: Redis counts {self.redis[name]}, the ledger {self.ledger[name]}"

    def _is_explained(self) -> bool:
        """Whether the ledger lacks nothing but endings of events that it does not know."""
        lacking = {name: self.redis[name] - self.ledger[name] for name in COUNTED}
        ended = [lacking[name] for name in ENDINGS]
        return (
            lacking["accepted"] == lacking["repeated"] == 0
            and min(ended) >= 0
            and sum(ended) <= self.unknown
        )


def baseline_of(snapshot: Snapshot, totals: Totals) -> Ended:
    """What Redis counts that the ledger never will. snapshot, totals: of the moment at which the
    ledger begins on a feed."""
    counts = totals.with_records(snapshot.records)
    baseline: Ended = Counter({_DROPPED: snapshot.dropped})
    for name, redis in snapshot.counts.items():
        ledger = merged(counts, name)
        for each in COUNTED:
            baseline[name, each] = redis.get(each, 0) - ledger.get(each, 0)
        known = ledger.get("accepted", 0) - sum(ledger.get(ending, 0) for ending in ENDINGS)
        baseline[name, _UNKNOWN] = max(0, snapshot.pending[name] - max(0, known))
    return baseline


def balances_of(snapshot: Snapshot, totals: Totals, baseline: Ended) -> list[Balance]:
    """Of each destination. totals: of the same moment as `snapshot`."""
    counts = totals.with_records(snapshot.records)
    made = []
    for name, redis in snapshot.counts.items():
        ledger = merged(counts, name)
        made.append(
            Balance(
                name,
                {each: redis.get(each, 0) for each in COUNTED},
                {each: ledger.get(each, 0) + baseline[name, each] for each in COUNTED},
                snapshot.pending[name],
                baseline[name, _UNKNOWN],
            )
        )
    return made


def dropped(snapshot: Snapshot, baseline: Ended) -> int:
    """Records that were left out since the ledger began."""
    return snapshot.dropped - baseline[_DROPPED]
