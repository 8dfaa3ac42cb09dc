"""Delays: how long after an event came in a destination had it, in a few fixed buckets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from math import inf

DELAY = "delay"
"""The dimension by which they are counted: of deliveries in the first passage alone, since a replay
is late on purpose."""

BOUNDS = (1, 5, 30, 300, 3600, 86_400)
"""Seconds that the delays of a bucket have at most."""
BUCKETS = ("up to 1 s", "up to 5 s", "up to 30 s", "up to 5 min", "up to 1 h", "up to 1 d", "more")


def bucket_of(seconds: float) -> str:
    return BUCKETS[bisect_left(BOUNDS, seconds)]


def quantile(numbers: Mapping[str, int], share: float) -> float | None:
    """Seconds that `share` of the deliveries took at most, as a bound of a bucket; infinite beyond
    the last, None without a delivery. numbers: by the bucket. share: such as 0.95."""
    left = share * sum(numbers.get(bucket, 0) for bucket in BUCKETS)
    for bucket, bound in zip(BUCKETS, (*BOUNDS, inf), strict=True):
        number = numbers.get(bucket, 0)
        if number and number >= left:
            return bound
        left -= number
    return None
