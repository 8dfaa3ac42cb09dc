"""Pending counts and histograms: they wait for the next write."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.pending_counts import Histogram, PendingCounts


def test_what_is_taken_is_gone_until_it_is_put_back() -> None:
    pending_counts = PendingCounts()
    assert not pending_counts
    pending_counts.add("a")
    pending_counts.add("b", 2)
    taken = pending_counts.take()
    assert not pending_counts
    assert taken == {"a": 1, "b": 2}
    pending_counts.add("a", 5)
    pending_counts.put_back(taken)
    assert pending_counts.take() == {"a": 6, "b": 2}


def test_durations_fall_into_the_first_bucket_that_holds_them() -> None:
    pending_counts, histogram = PendingCounts(), Histogram("answer", (0.1, 1))
    for seconds in (0, 0.1, 0.11, 1, 7):
        histogram.observe(pending_counts, seconds)
    buckets, total = histogram.read(pending_counts.take())
    assert buckets == [("0.1", 2), ("1", 4), ("+Inf", 5)]
    assert total == pytest.approx(8.21, abs=1e-4)


@given(st.lists(st.floats(0, 1e6)))
def test_buckets_are_cumulative_and_end_with_all(durations: list[float]) -> None:
    pending_counts, histogram = PendingCounts(), Histogram("answer", (0.01, 1, 100))
    for seconds in durations:
        histogram.observe(pending_counts, seconds)
    buckets, total = histogram.read(pending_counts.take())
    counts = [count for _, count in buckets]
    assert counts == sorted(counts)
    assert counts[-1] == len(durations)
    expected = Counter(next((b for b in (0.01, 1, 100) if d <= b), None) for d in durations)
    assert counts[0] == expected[0.01]
    assert total == pytest.approx(sum(durations), abs=1e-6 * (len(durations) + 1))
