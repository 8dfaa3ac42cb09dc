"""Counts problems with functions in rules, in Redis."""

from collections.abc import Iterator, Mapping

from gateway.queue.pending_counts import PendingCounts
from gateway.stages.rules.plug_in import take_problems

_FIELD = "plugin_problems"


def count_problems(pending_counts: PendingCounts) -> None:
    """Adds to `pending_counts` what has gone wrong in this process since the last call."""
    for (function, problem), count in take_problems().items():
        pending_counts.add(f"{_FIELD}:{problem}:{function}", count)


def read_problems(counts: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Yields function, problem and number. counts: all counters of the gateway."""
    for name, count in counts.items():
        field, _, rest = name.partition(":")
        if field == _FIELD:
            problem, _, function = rest.partition(":")
            yield function, problem, count
