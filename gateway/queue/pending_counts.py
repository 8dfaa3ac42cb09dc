"""Counts that wait in this process for the next commit."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

Field = str


class PendingCounts:
    """Increments of named counters, handed to Redis together with the next commit."""

    def __init__(self) -> None:
        self.counts: defaultdict[Field, int] = defaultdict(int)
        """What was added since the last `take`."""

    def add(self, name: Field, amount: int = 1) -> None:
        self.counts[name] += amount

    def take(self) -> Mapping[Field, int]:
        """Removes and returns all counts. Return them with `put_back` if the commit fails."""
        taken, self.counts = self.counts, defaultdict(int)
        return taken

    def put_back(self, counts: Mapping[Field, int]) -> None:
        for name, amount in counts.items():
            self.add(name, amount)

    def __bool__(self) -> bool:
        return bool(self.counts)


class Histogram:
    """Adds durations to pending counts in the form of a Prometheus histogram.

    Its counters: ``<name>:<bucket>`` for each bucket (not cumulative), and ``<name>:sum_us``.
    """

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.bounds = tuple(bounds)
        self._fields = [f"{name}:{bound}" for bound in (*bounds, "inf")]
        self._sum = f"{name}:sum_us"

    def observe(self, pending_counts: PendingCounts, seconds: float) -> None:
        pending_counts.counts[self._sum] += int(seconds * 1e6)
        pending_counts.counts[self._fields[bisect_left(self.bounds, seconds)]] += 1

    def read(self, counts: Mapping[str, int]) -> tuple[list[tuple[str, float]], float]:
        """(upper bound, cumulative count) pairs up to ``+Inf``, and the sum in seconds."""
        labels = [*map(str, self.bounds), "+Inf"]
        cumulative = accumulate(counts.get(field, 0) for field in self._fields)
        buckets = [(label, float(count)) for label, count in zip(labels, cumulative, strict=True)]
        return buckets, counts.get(self._sum, 0) / 1e6


ANSWER = Histogram("answer", (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5))
"""Time from the request to its answer, over the whole gateway."""

DELIVERY = Histogram("delivery", (0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3600, 86400))
"""Time from acceptance to delivery, for each destination."""
