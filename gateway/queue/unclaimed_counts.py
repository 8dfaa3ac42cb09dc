"""Counts requests that no source answers, in Redis, by what they look like."""

from collections.abc import Mapping

from gateway.queue.pending_counts import PendingCounts

_FIELD = "unclaimed:"


def count_unclaimed(pending_counts: PendingCounts, looks_like: str) -> None:
    pending_counts.add(f"{_FIELD}{looks_like}")


def unclaimed_requests(counts: Mapping[str, int]) -> dict[str, int]:
    """How many requests no source answered, from the gateway's counters, by what they look like."""
    return {
        name.removeprefix(_FIELD): count
        for name, count in counts.items()
        if name.startswith(_FIELD)
    }
